/** A ModelSpec as GGUF metadata: what `gguf-spec.ts` reads. Divisors of RoPE are a tensor, not among these. */

import { type GgufValue, ggufValue } from "../../formats/gguf/value.ts";
import type { ModelSpec } from "../model-spec.ts";

export type MetadataEntry = readonly [key: string, value: GgufValue];

export function specMetadata(spec: ModelSpec): readonly MetadataEntry[] {
  const key = (name: string): string => `${spec.architecture}.${name}`;
  const uint = (name: string, value: number): MetadataEntry => [key(name), ggufValue.uint32(value)];
  const float = (name: string, value: number): MetadataEntry => [key(name), ggufValue.float32(value)];
  const { scaling, theta } = spec.rope;
  return [
    ["general.architecture", ggufValue.string(spec.architecture)],
    ["general.name", ggufValue.string(spec.name)],
    uint("block_count", spec.layers),
    uint("context_length", spec.contextTokens),
    uint("embedding_length", spec.hiddenColumns),
    uint("feed_forward_length", spec.ffnColumns),
    uint("attention.head_count", spec.heads),
    uint("attention.head_count_kv", spec.kvHeads),
    uint("attention.key_length", spec.headDim),
    uint("attention.value_length", spec.headDim),
    float("attention.layer_norm_rms_epsilon", spec.normEpsilon),
    uint("rope.dimension_count", spec.headDim),
    float("rope.freq_base", theta),
    ...(scaling.kind === "linear"
      ? [[key("rope.scaling.type"), ggufValue.string("linear")] as const, float("rope.scaling.factor", scaling.factor)]
      : []),
    uint("vocab_size", spec.vocabSize),
  ];
}
