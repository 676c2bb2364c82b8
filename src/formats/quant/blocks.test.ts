/** Blocks of 32 with values worked out by hand from the formats' definitions. */

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GGML_TYPES, type GgmlType } from "../gguf/ggml-types.ts";
import { decodeRows, encodeRows } from "./rows.ts";

// f16: 0x3800 is 0.5, 0x4000 is 2, 0xbc00 is -1.
const HALF = [0x00, 0x38];
const TWO = [0x00, 0x40];
const MINUS_ONE = [0x00, 0xbc];

function decode(type: GgmlType, ...bytes: readonly number[]): number[] {
  return Array.from(decodeRows(GGML_TYPES[type].id, Uint8Array.from(bytes), 32));
}

/** Sixteen bytes of which the first is `first`. */
function nibbles(first: number, rest: number): number[] {
  return [first, ...Array.from({ length: 15 }, () => rest)];
}

describe("blocks of 32", () => {
  it("Q4_1: scale * nibble + minimum", () => {
    const values = decode("Q4_1", ...HALF, ...MINUS_ONE, ...nibbles(0xf2, 0x20));
    expect(values.slice(0, 2)).toEqual([0.5 * 2 - 1, -1]);
    expect(values.slice(16, 18)).toEqual([0.5 * 15 - 1, 0.5 * 2 - 1]);
  });

  it("Q5_0: bit i of the number before the nibbles is the fifth of value i", () => {
    const values = decode("Q5_0", ...TWO, 0b0000_0011, 0, 0b0000_0001, 0x80, ...nibbles(0xf1, 0x00));
    expect(values.slice(0, 3)).toEqual([2 * (17 - 16), 2 * (16 - 16), 2 * (0 - 16)]);
    expect(values.slice(16, 18)).toEqual([2 * (31 - 16), -32]);
    expect(values[31]).toBe(0);
  });

  it("Q5_1: the same quants, scale * quant + minimum", () => {
    const values = decode("Q5_1", ...HALF, ...MINUS_ONE, 0b10, 0, 0b1, 0, ...nibbles(0x31, 0x00));
    expect(values.slice(0, 3)).toEqual([-0.5, 7, -1]);
    expect(values.slice(16, 18)).toEqual([0.5 * 19 - 1, -1]);
  });

  it("IQ4_NL: uneven levels", () => {
    const all = Array.from({ length: 16 }, (_, index) => index | ((15 - index) << 4));
    const values = decode("IQ4_NL", ...TWO, ...all);
    expect(values.slice(0, 16).map((value) => value / 2)).toEqual([
      -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113,
    ]);
    expect(values.slice(16)).toEqual(values.slice(0, 16).toReversed());
  });

  it("rounds scale * quant + minimum once", () => {
    // 0x3c01 is 1 + 2^-10, 0x0001 is 2^-24; 15 * (1 + 2^-10) + 2^-24 needs 28 bits.
    const values = decode("Q4_1", 0x01, 0x3c, 0x01, 0x00, ...nibbles(0x0f, 0x00));
    expect(values[0]).toBe(Math.fround(15 * (1 + 2 ** -10) + 2 ** -24));
    expect(values[1]).toBe(2 ** -24);
  });
});

const finite = fc.float({ noNaN: true, min: -1000, max: 1000 });
const block = fc.array(finite, { minLength: 32, maxLength: 32 });

/** The largest error of a value against the spread of its block. */
function worstError(type: GgmlType, values: readonly number[]): number {
  const { id } = GGML_TYPES[type];
  const decoded = decodeRows(id, encodeRows(id, Float32Array.from(values)), 32);
  return Math.max(...values.map((value, index) => Math.abs(value - (decoded[index] ?? 0))));
}

describe("encoders of blocks of 32", () => {
  it.each([
    ["Q4_1", 15],
    ["Q5_1", 31],
  ] as const)("%s is within half a step of (max - min) / %d", (type, steps) => {
    fc.assert(
      fc.property(block, (values) => {
        const spread = Math.max(...values) - Math.min(...values);
        // f16 rounds the scale by 2^-11 of up to the spread, and the minimum, which may be large, by its own.
        const rounding = (spread + Math.abs(Math.min(...values))) * 2 ** -10 + 2 ** -19;
        expect(worstError(type, values)).toBeLessThanOrEqual(spread / steps / 2 + rounding);
      }),
    );
  });

  it.each([
    // A step, since the other side ends one level short.
    ["Q5_0", 1 / 16],
    // Between the outer levels lie 24, the positive side ends 14 short.
    ["IQ4_NL", 14 / 127],
  ] as const)("%s is within %d of the largest magnitude", (type, share) => {
    fc.assert(
      fc.property(block, (values) => {
        const largest = Math.max(...values.map(Math.abs));
        expect(worstError(type, values)).toBeLessThanOrEqual(largest * (share + 2 ** -10) + 127 * 2 ** -24);
      }),
    );
  });

  it("take the nearest of uneven levels", () => {
    const values = new Float32Array(32);
    values.set([-127, -115, -116, 5, 7.5, 100, 101.5]);
    const { id } = GGML_TYPES.IQ4_NL;
    expect(Array.from(decodeRows(id, encodeRows(id, values), 32).subarray(0, 8))).toEqual([
      -127, -104, -127, 1, 13, 89, 113, 1,
    ]);
  });
});
