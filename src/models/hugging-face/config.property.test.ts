/** Damaged config.json files: each is read, or ends in a typed error; never in another exception. */

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TurnwiseError } from "../../base/errors.ts";
import { memorySource } from "../../formats/file-source.ts";
import { specFromConfig } from "./config-spec.ts";
import { readJsonFields } from "./json-file.ts";
import { readQuantization } from "./quantization.ts";

const LLAMA3_ROPE = {
  rope_type: "llama3",
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 8192,
};
const CONFIG = {
  model_type: "llama",
  hidden_size: 2048,
  num_hidden_layers: 16,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  head_dim: 64,
  intermediate_size: 8192,
  vocab_size: 128_256,
  max_position_embeddings: 131_072,
  rms_norm_eps: 1e-5,
  rope_theta: 500_000,
  rope_scaling: LLAMA3_ROPE,
  rope_parameters: null,
  hidden_act: "silu",
  mlp_bias: false,
  partial_rotary_factor: 1,
  use_sliding_window: false,
  sliding_window: null,
  layer_types: ["full_attention"],
};
const QUANTIZATIONS = [
  {
    quant_method: "gptq",
    bits: 4,
    group_size: 128,
    desc_act: true,
    checkpoint_format: "gptq_v2",
    dynamic: { "-:a": {} },
  },
  { quant_method: "awq", bits: 4, group_size: 128, version: "gemm", zero_point: true },
  {
    quant_method: "compressed-tensors",
    format: "pack-quantized",
    config_groups: {
      group_0: {
        targets: ["Linear"],
        weights: { num_bits: 4, type: "int", group_size: 32, strategy: "group", symmetric: false },
      },
    },
  },
];
const FACTS = { tiedHead: false, qkvBias: false, attentionOutputBias: false };

/** "read", or the code of what was refused. */
function outcome(json: string): string {
  try {
    const config = readJsonFields(memorySource("config.json", new TextEncoder().encode(json)), "config.json");
    readQuantization(config, null);
    specFromConfig(config, FACTS);
    return "read";
  } catch (error) {
    if (error instanceof TurnwiseError) return error.code;
    throw error;
  }
}

const REFUSALS = ["metadata_missing", "metadata_invalid", "architecture_unsupported", "model_feature_unsupported"];

/** JSON's values, and those that a field's check may forget. */
const value = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom("constructor", "__proto__", "toString", "linear", "llama3", "group", "int", "mistral"),
  fc.constantFrom(0, -1, 0.5, 1e308, 2 ** 53, -0),
  fc.integer(),
);

/** Any value or field below, the root too, in another's place or gone. */
function mutated(json: unknown): fc.Arbitrary<unknown> {
  if (typeof json !== "object" || json === null) return value;
  const names = Object.keys(json);
  const fields = json as Readonly<Record<string, unknown>>;
  const name = fc.oneof(fc.constantFrom("x", ...names), fc.string());
  const inside = fc
    .constantFrom("x", ...names)
    .chain((at) =>
      mutated(fields[at]).map((changed): unknown => (Array.isArray(json) ? [changed] : { ...json, [at]: changed })),
    );
  const without = name.map((gone) => Object.fromEntries(Object.entries(json).filter(([key]) => key !== gone)));
  return fc.oneof({ weight: 8, arbitrary: inside }, { weight: 3, arbitrary: without }, { weight: 1, arbitrary: value });
}

const configs = fc
  .constantFrom(
    { ...CONFIG },
    ...QUANTIZATIONS.map((quantization) => ({ ...CONFIG, quantization_config: quantization })),
  )
  .chain((config) => mutated(config).chain((once) => fc.oneof(fc.constant(once), mutated(once))));

describe("config.json", () => {
  it("is read before it is damaged", () => {
    for (const quantization of [undefined, ...QUANTIZATIONS]) {
      expect(outcome(JSON.stringify({ ...CONFIG, quantization_config: quantization }))).toBe("read");
    }
  });

  it("with any fields changed is read or refused", () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(configs, (config) => {
        const found = outcome(JSON.stringify(config));
        seen.add(found);
        expect(["read", ...REFUSALS]).toContain(found);
      }),
      { numRuns: 2000 },
    );
    expect([...seen].toSorted()).toEqual(["read", ...REFUSALS].toSorted());
  });

  it("with any bytes changed is read or refused", () => {
    const text = JSON.stringify({ ...CONFIG, quantization_config: QUANTIZATIONS[2] });
    const patch = fc.tuple(fc.nat(text.length), fc.nat(8), fc.string({ maxLength: 8 }));
    fc.assert(
      fc.property(patch, ([at, length, inserted]) => {
        const found = outcome(text.slice(0, at) + inserted + text.slice(at + length));
        expect(["read", ...REFUSALS]).toContain(found);
      }),
      { numRuns: 2000 },
    );
  });

  it("that nests deep is refused", () => {
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    const text = JSON.stringify({ ...CONFIG, head_dim: "deep" });
    for (const at of [text.replace('"deep"', deep), text.replace('"deep"', `{"a":${deep}}`), deep]) {
      expect(outcome(at)).toBe("metadata_invalid");
    }
  });
});
