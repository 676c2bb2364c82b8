/**
 * Reads a ModelSpec from config.json. Fields and defaults are those of transformers' configuration
 * classes of each `model_type`; what no family here runs is refused by name.
 */

import { fail } from "../../base/errors.ts";
import { llama3Factors } from "../rope-frequencies.ts";
import type { Architecture, ModelSpec, RopeScaling, RopeSpec } from "../model-spec.ts";
import { SPEC_LIMITS } from "../spec-limits.ts";
import type { JsonFields } from "./json-file.ts";

/** What the weights say that the configuration leaves to them. */
export type WeightFacts = Pick<ModelSpec, "tiedHead" | "qkvBias" | "attentionOutputBias">;

/** By `model_type`. */
const ARCHITECTURES: ReadonlyMap<string, Architecture> = new Map([
  ["llama", "llama"],
  // Of another class only for its sliding window, which is refused below.
  ["mistral", "llama"],
  ["qwen2", "qwen2"],
  ["qwen3", "qwen3"],
]);

/** Throws `architecture_unsupported`, `metadata_missing`, `metadata_invalid`, `model_feature_unsupported`. */
export function specFromConfig(config: JsonFields, facts: WeightFacts): ModelSpec {
  const modelType = config.getString("model_type");
  const architecture = ARCHITECTURES.get(modelType);
  if (architecture === undefined) {
    const supported = [...ARCHITECTURES.keys()].join(", ");
    fail("architecture_unsupported", { architecture: modelType, supported });
  }
  const contextTokens = config.findSize("max_position_embeddings", SPEC_LIMITS.contextTokens) ?? 2048;
  refuseUnsupported(config, modelType, contextTokens);
  const hiddenColumns = config.getSize("hidden_size", SPEC_LIMITS.columns);
  const heads = config.getSize("num_attention_heads", SPEC_LIMITS.heads);
  const kvHeads = config.findSize("num_key_value_heads", SPEC_LIMITS.heads) ?? heads;
  if (heads % kvHeads !== 0) {
    config.invalid("num_key_value_heads", `${heads} query heads do not share ${kvHeads} KV heads evenly`);
  }
  const headDim = config.findSize("head_dim", SPEC_LIMITS.headDim) ?? hiddenColumns / heads;
  if (headDim % 2 !== 0) config.invalid("head_dim", `heads have ${headDim} columns, not an even number`);
  return {
    architecture,
    name: modelType,
    layers: config.getSize("num_hidden_layers", SPEC_LIMITS.layers),
    hiddenColumns,
    ffnColumns: config.getSize("intermediate_size", SPEC_LIMITS.columns),
    heads,
    kvHeads,
    headDim,
    vocabSize: config.getSize("vocab_size", SPEC_LIMITS.vocabSize),
    contextTokens,
    normEpsilon: config.findPositive("rms_norm_eps") ?? 1e-6,
    rope: ropeOf(config, headDim),
    ropePairing: "halves",
    headNorm: architecture === "qwen3",
    ...facts,
  };
}

function refuseUnsupported(config: JsonFields, modelType: string, contextTokens: number): void {
  const activation = config.findString("hidden_act") ?? "silu";
  if (activation !== "silu") refuse(`the activation ${activation}`);
  if (config.findBool("mlp_bias") === true) refuse("biases in the feed-forward blocks");
  const rotary = config.findPositive("partial_rotary_factor") ?? 1;
  if (rotary !== 1) refuse(`RoPE over ${rotary} of each head`);
  // Qwen's files have a window that is switched off.
  const usesWindow = config.findBool("use_sliding_window") ?? modelType === "mistral";
  const window = config.findInteger("sliding_window") ?? contextTokens;
  const hasWindow =
    (usesWindow && window < contextTokens) || config.findStrings("layer_types")?.includes("sliding_attention") === true;
  if (hasWindow) refuse(`sliding-window attention (${window} tokens)`, "Use a model with full attention.");
}

/** From transformers 5 on all of it is in `rope_parameters`. */
function ropeOf(config: JsonFields, headDim: number): RopeSpec {
  const parameters = config.findObject("rope_parameters");
  const theta = parameters?.findPositive("rope_theta") ?? config.findPositive("rope_theta") ?? 10_000;
  const scaling = parameters ?? config.findObject("rope_scaling");
  return { theta, scaling: scaling === undefined ? { kind: "none" } : ropeScaling(scaling, theta, headDim) };
}

function ropeScaling(fields: JsonFields, theta: number, headDim: number): RopeScaling {
  const type = fields.findString("rope_type") ?? fields.findString("type") ?? "default";
  const number = (name: string): number => fields.findPositive(name) ?? fields.missing(name);
  switch (type) {
    case "default":
      return { kind: "none" };
    case "linear":
      return { kind: "linear", factor: number("factor") };
    case "llama3":
      return {
        kind: "factors",
        factors: llama3Factors(theta, headDim, {
          factor: number("factor"),
          lowFrequencyFactor: number("low_freq_factor"),
          highFrequencyFactor: number("high_freq_factor"),
          originalContextTokens: number("original_max_position_embeddings"),
        }),
      };
    default:
      return refuse(`RoPE scaling of type ${type}`, "Use a model without it, or with linear or llama3 scaling.");
  }
}

function refuse(feature: string, hint = ""): never {
  return fail("model_feature_unsupported", { feature, hint });
}
