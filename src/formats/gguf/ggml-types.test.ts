import { describe, expect, it } from "vitest";

import { GGML_TYPES, type GgmlType, ggmlBytes, ggmlTypeInfo, ggmlTypeName } from "./ggml-types.ts";

const names = Object.keys(GGML_TYPES) as GgmlType[];

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

  it("computes sizes of whole blocks only", () => {
    expect(ggmlBytes("Q4_K", 512)).toBe(288);
    expect(ggmlBytes("Q4_K", 500)).toBeNull();
    expect(ggmlBytes("F64", 2 ** 52)).toBeNull();
  });
});
