import { describe, expect, it } from "vitest";

import { GGML_TYPES, type GgmlType } from "../gguf/ggml-types.ts";
import { DECODABLE_TYPES, DECODABLE_TYPES_HINT, isDecodable, requireDecodableType } from "./decodable-types.ts";

const names = Object.keys(GGML_TYPES) as GgmlType[];

describe("what can be decoded", () => {
  it("is named by the hint", () => {
    for (const name of DECODABLE_TYPES) expect(DECODABLE_TYPES_HINT).toContain(name);
    expect(DECODABLE_TYPES_HINT).toMatch(/^Use a file of F32, F16, .*Q4_K, .* or IQ4_XS\.$/);
  });

  it("passes, and everything else is refused by name", () => {
    const tensor = { path: "m.gguf", name: "blk.0.attn_q.weight" };
    for (const type of DECODABLE_TYPES) expect(() => requireDecodableType({ ...tensor, type })).not.toThrow();
    for (const type of names.filter((name) => !isDecodable(name))) {
      expect(() => requireDecodableType({ ...tensor, type })).toThrow(
        `m.gguf: tensor blk.0.attn_q.weight has type ${type}, which is not supported. ${DECODABLE_TYPES_HINT}`,
      );
    }
  });
});
