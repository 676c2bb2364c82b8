import { expect, it } from "vitest";
import type { StoredWeight } from "../formats/stored-weight.ts";
import { autoKvType } from "./kv-type.ts";

function vector(type: "F32" | "Q8_0", values: readonly number[] = []): StoredWeight {
  const view = (): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
  const parts = [{ role: "data", view }] as const;
  return {
    encoding: { kind: "ggml", type },
    shape: [values.length],
    elements: values.length,
    parts,
    columnOrder: null,
  };
}

const PLAIN = { qkvBias: false };
const keyNorm = (largest: number): readonly [string, StoredWeight] => [
  "blk.3.attn_k_norm.weight",
  vector("F32", [1, 0.5, -largest, 1, 2]),
];

it("is exact for models that are", () => {
  expect(autoKvType({ qkvBias: true }, new Map([["w", vector("F32")]]))).toBe("f32");
});

it("is int8 for quantised models, but f16 where K has biases", () => {
  const weights = new Map([["w", vector("Q8_0")]]);
  expect(autoKvType(PLAIN, weights)).toBe("int8");
  expect(autoKvType({ qkvBias: true }, weights)).toBe("f16");
});

it("follows the norms of K's heads", () => {
  expect(autoKvType(PLAIN, new Map([["w", vector("Q8_0")], keyNorm(6.5)]))).toBe("int8");
  expect(autoKvType(PLAIN, new Map([["w", vector("Q8_0")], keyNorm(7.5)]))).toBe("f16");
});
