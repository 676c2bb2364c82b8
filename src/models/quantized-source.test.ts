import { describe, expect, it } from "vitest";
import { memorySource } from "../formats/file-source.ts";
import { ggufBytes } from "../formats/gguf/write.ts";
import { decodeWeightValues } from "../formats/stored-weight.ts";
import { bindWeights } from "./bind-weights.ts";
import { buildGraph } from "./families.ts";
import type { ModelSource } from "./model-source.ts";
import { openModel } from "./open-model.ts";
import { LOAD_QUANTS } from "./load-quants.ts";
import { quantizedSource } from "./quantized-source.ts";
import { randomModel, type RandomQuant } from "./random/random-model.ts";

/** The random model of 256 columns, so that groups of 128 divide them. */
function source(quant: RandomQuant): ModelSource {
  const bytes = ggufBytes(randomModel("tiny-wide", quant, 1));
  return openModel("random.gguf", (path) => memorySource(path, bytes));
}

const NAME = "blk.0.ffn_up.weight";

function squares(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value ** 2, 0);
}

function relativeError(exact: Float32Array, rounded: Float32Array): number {
  return Math.sqrt(squares(exact.map((value, i) => value - (rounded[i] ?? Number.NaN))) / squares(exact));
}

function decoded(model: ModelSource, name = NAME): Float32Array {
  const weight = model.weight(name);
  if (weight === null) throw new TypeError(`no ${name}`);
  return decodeWeightValues(weight);
}

describe("quantizedSource", () => {
  it.each([
    // Uniform values: half a step of the group's range, over the square root of 3, beside their own spread.
    ["q8", 0.006],
    ["q4-g32", 0.08],
    ["q4-g128", 0.08],
    ["q4-g128-pure", 0.08],
  ] as const)("rounds matrices to %s", (quant, bound) => {
    const exact = source("bf16");
    const error = relativeError(decoded(exact), decoded(quantizedSource(exact, quant)));
    expect(error).toBeGreaterThan(bound / 4);
    expect(error).toBeLessThan(bound);
  });

  it.each(LOAD_QUANTS)("keeps norms, and 8 bits for the embedding where that is not asked for, with %s", (quant) => {
    const model = quantizedSource(source("f16"), quant);
    const bound = bindWeights(buildGraph(model.spec()), model);
    expect(bound.get("token_embd.weight")?.encoding).toEqual(
      quant === "q4-g128-pure" ? { kind: "groups", format: "int4_g128_zero" } : { kind: "ggml", type: "Q8_0" },
    );
    expect(bound.get("output_norm.weight")?.encoding).toEqual({ kind: "ggml", type: "F32" });
  });

  it("holds 0 and the extremes of a group exactly up to half a step", () => {
    const exact = decoded(source("f32"));
    const rounded = decoded(quantizedSource(source("f32"), "q4-g128"));
    for (let begin = 0; begin < exact.length; begin += 128) {
      const group = exact.subarray(begin, begin + 128);
      const step = (Math.max(0, ...group) - Math.min(0, ...group)) / 15;
      const largest = Math.max(...group.map((value, i) => Math.abs(value - (rounded[begin + i] ?? Number.NaN))));
      expect(largest).toBeLessThan(step * 1.01);
    }
  });

  it("refuses what is quantised already", () => {
    expect(() => quantizedSource(source("q4_0"), "q8").weight(NAME)).toThrow(
      /quant: blk\.0\.ffn_up\.weight is Q4_0 already/,
    );
  });
});
