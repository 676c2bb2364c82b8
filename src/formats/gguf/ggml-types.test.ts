import { describe, expect, it } from "vitest";

import { BLOCK_FORMATS } from "../quant/rows.ts";
import {
  GGML_TYPES,
  type GgmlType,
  ggmlBytes,
  ggmlTypeInfo,
  ggmlTypeName,
  requireRunnableType,
  RUNNABLE_TYPES_HINT,
} from "./ggml-types.ts";

const names = Object.keys(GGML_TYPES) as GgmlType[];
const runnable = names.filter((name) => GGML_TYPES[name].runnable);

describe("the table of ggml types", () => {
  it("has each number once", () => {
    expect(new Set(names.map((name) => GGML_TYPES[name].id)).size).toBe(names.length);
    for (const name of names) {
      const { id } = GGML_TYPES[name];
      expect(ggmlTypeName(id)).toBe(name);
      expect(ggmlTypeInfo(id).name).toBe(name);
    }
    expect(ggmlTypeName(4)).toBeUndefined();
    expect(ggmlTypeName(-1)).toBeUndefined();
  });

  it("calls runnable exactly what can be decoded, and the hint names them", () => {
    expect(runnable.toSorted()).toEqual(Object.keys(BLOCK_FORMATS).toSorted());
    for (const name of runnable) expect(RUNNABLE_TYPES_HINT).toContain(name);
  });

  it("computes sizes of whole blocks only", () => {
    expect(ggmlBytes("Q4_K", 512)).toBe(288);
    expect(ggmlBytes("Q4_K", 500)).toBeNull();
    expect(ggmlBytes("F64", 2 ** 52)).toBeNull();
  });

  it("refuses by name what cannot run", () => {
    const tensor = { path: "m.gguf", name: "blk.0.attn_q.weight" };
    for (const type of runnable) expect(() => requireRunnableType({ ...tensor, type })).not.toThrow();
    for (const type of names.filter((name) => !GGML_TYPES[name].runnable)) {
      expect(() => requireRunnableType({ ...tensor, type })).toThrow(
        `m.gguf: tensor blk.0.attn_q.weight has type ${type}`,
      );
    }
    expect(() => requireRunnableType({ ...tensor, type: "IQ3_S" })).toThrow(
      /which is not supported\. Use a file of F32, F16, .*Q4_K, .* or BF16\.$/,
    );
  });
});
