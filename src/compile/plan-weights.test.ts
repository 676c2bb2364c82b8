import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packedBytes, planWeights } from "./plan-weights.ts";
import type { WeightSpec } from "./program.ts";

const rowOrder = { kind: "source" } as const;
const matrix = { kind: "matrix", tensor: "w", rows: 17, columns: 64, rowOrder, columnOrder: "own" } as const;
const vector = { kind: "vector", tensor: "v", length: 9, rowOrder, values: null } as const;

describe("packedBytes", () => {
  it("are those of the file's blocks, rows rounded up to tiles of 16", () => {
    expect(packedBytes({ ...matrix, format: "int4_g32" })).toBe(32 * 2 * 18);
    expect(packedBytes({ ...matrix, format: "int8_g32" })).toBe(32 * 2 * 34);
    expect(packedBytes({ ...matrix, format: "bf16" })).toBe(32 * 64 * 2);
    expect(packedBytes(vector)).toBe(36);
  });
});

describe("planWeights", () => {
  it("gives every weight pages of its own, in the order of the table", () => {
    const weight: fc.Arbitrary<WeightSpec> = fc.oneof(
      fc.integer({ min: 1, max: 5000 }).map((length) => ({ ...vector, length })),
      fc
        .tuple(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 8 }))
        .map(([rows, blocks]) => ({ ...matrix, rows, columns: 32 * blocks, format: "int4_g32" as const })),
    );
    fc.assert(
      fc.property(fc.array(weight), (weights) => {
        const { offsets, bytes } = planWeights(weights);
        let end = 0;
        for (const [index, offset] of offsets.entries()) {
          expect(offset % 4096).toBe(0);
          expect(offset).toBeGreaterThanOrEqual(end);
          end = offset + packedBytes(weights[index] ?? vector);
        }
        expect(offsets).toHaveLength(weights.length);
        expect(bytes).toBeGreaterThanOrEqual(end);
        expect(bytes - end).toBeLessThan(4096);
      }),
    );
  });
});
