/** A ModelSpec as config.json: what `config-spec.ts` reads, in transformers' fields. */

import { fail } from "../../base/errors.ts";
import { unreachable } from "../../base/invariant.ts";
import type { Architecture, ModelSpec, RopeScaling } from "../model-spec.ts";

const CLASSES: Readonly<Record<Architecture, string>> = {
  llama: "LlamaForCausalLM",
  qwen2: "Qwen2ForCausalLM",
  qwen3: "Qwen3ForCausalLM",
};

/** Throws `invalid_option` for a scaling of RoPE that has no field. */
export function configFromSpec(spec: ModelSpec): Readonly<Record<string, unknown>> {
  const { architecture, qkvBias, attentionOutputBias, rope } = spec;
  return {
    architectures: [CLASSES[architecture]],
    model_type: architecture,
    hidden_size: spec.hiddenColumns,
    num_hidden_layers: spec.layers,
    num_attention_heads: spec.heads,
    num_key_value_heads: spec.kvHeads,
    head_dim: spec.headDim,
    intermediate_size: spec.ffnColumns,
    vocab_size: spec.vocabSize,
    max_position_embeddings: spec.contextTokens,
    rms_norm_eps: spec.normEpsilon,
    rope_theta: rope.theta,
    rope_scaling: ropeScaling(rope.scaling),
    hidden_act: "silu",
    attention_bias: qkvBias || attentionOutputBias,
    mlp_bias: false,
    use_sliding_window: false,
    tie_word_embeddings: spec.tiedHead,
  };
}

function ropeScaling(scaling: RopeScaling): Readonly<Record<string, unknown>> | null {
  switch (scaling.kind) {
    case "none":
      return null;
    case "linear":
      return { rope_type: "linear", factor: scaling.factor };
    case "factors":
      return fail("invalid_option", {
        option: "TARGET",
        problem: "config.json has no field for the divisors of RoPE that this model has; name a .gguf file.",
      });
    default:
      return unreachable(scaling);
  }
}
