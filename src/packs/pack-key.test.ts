import { copyFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { testFolder } from "../../test/support/test-folder.ts";
import { type PackedModel, packKey } from "./pack-key.ts";

const folder = testFolder();
const file = join(folder, "model");
const CONTENT = Uint8Array.from({ length: 3 * 2 ** 20 }, (_, index) => (index * 7) % 251);
writeFileSync(file, CONTENT);

const rowOrder = { kind: "source" } as const;
const orders = { rowOrder, columnOrder: "own" } as const;
const matrix = { kind: "matrix", tensor: "w", rows: 32, columns: 64, ...orders, format: "int4_g32" } as const;
const constant = { kind: "vector", tensor: "rope", length: 2, rowOrder, values: Float32Array.of(1, 2) } as const;
const MODEL: PackedModel = {
  weights: [matrix, constant],
  encodingOf: () => "Q4_0",
  reading: "",
  quant: "none",
  files: [file],
};

const keyOf = (change: Partial<PackedModel>, layout = "rows16x4"): string => packKey({ ...MODEL, ...change }, layout);

describe("packKey", () => {
  it("is a hash in hexadecimal, the same each time", () => {
    expect(keyOf({})).toMatch(/^[0-9a-f]{64}$/);
    expect(keyOf({})).toBe(keyOf({}));
  });

  it("depends on whatever the packed bytes depend on", () => {
    const changed = [
      keyOf({}, "rows8x8"),
      keyOf({ quant: "q8" }),
      keyOf({ encodingOf: () => "Q4_1" }),
      keyOf({ reading: "gptq_v2" }),
      keyOf({ weights: [constant, matrix] }),
      keyOf({ weights: [{ ...matrix, rows: 48 }, constant] }),
      keyOf({ weights: [{ ...matrix, rowOrder: { kind: "rope-halves", headDim: 16 } }, constant] }),
      keyOf({ weights: [{ ...matrix, columnOrder: "stored" }, constant] }),
      keyOf({ weights: [matrix, { ...constant, values: Float32Array.of(1, 3) }] }),
      keyOf({ files: [file, file] }),
    ];
    expect(new Set([...changed, keyOf({})]).size).toBe(changed.length + 1);
  });

  it("depends on the file's bytes and size, not on where it lies or when it was made", () => {
    const moved = join(folder, "moved");
    copyFileSync(file, moved);
    utimesSync(moved, 1, 1);
    expect(keyOf({ files: [moved] })).toBe(keyOf({}));
    writeFileSync(moved, CONTENT.subarray(0, -1));
    expect(keyOf({ files: [moved] })).not.toBe(keyOf({}));
    // Another training of the same model: no tensor is as it was.
    writeFileSync(
      moved,
      CONTENT.map((byte) => byte ^ 1),
    );
    expect(keyOf({ files: [moved] })).not.toBe(keyOf({}));
    writeFileSync(moved, CONTENT.with(CONTENT.length - 1, 255));
    expect(keyOf({ files: [moved] })).not.toBe(keyOf({}));
  });
});
