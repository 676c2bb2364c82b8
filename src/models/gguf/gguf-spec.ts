/**
 * Reads a ModelSpec from GGUF metadata. Keys are those of llama.cpp's converters, prefixed with the
 * architecture, and families share them.
 */

import { fail } from "../../base/errors.ts";
import type { GgufMetadata } from "../../formats/gguf/metadata.ts";
import type { GgufModel } from "../../formats/gguf/model.ts";
import type { Family } from "../family.ts";
import type { Architecture, ModelSpec } from "../model-spec.ts";
import { SPEC_LIMITS } from "../spec-limits.ts";
import { ropeScaling } from "./rope-scaling.ts";
import { findPositive, findSize, findUniformSize, missingKey, readSize } from "./spec-fields.ts";

/** The parts of a file that a spec is read from. */
export type SpecSource = Pick<GgufModel, "metadata" | "tensors">;

/** What metadata and tensors say; the rest is the family's. */
type DescribedSpec = Omit<ModelSpec, keyof Family["gguf"]>;

/** Throws `metadata_missing`, `metadata_invalid`, and `model_feature_unsupported` for what no family runs. */
export function specFromMetadata({ metadata, tensors }: SpecSource, architecture: Architecture): DescribedSpec {
  const key = (name: string): string => `${architecture}.${name}`;
  const uniform = (name: string, limit: number, what: string): number =>
    findUniformSize(metadata, key(name), limit, what) ?? missingKey(key(name), architecture);
  const positive = (name: string): number => findPositive(metadata, key(name)) ?? missingKey(key(name), architecture);
  refuseUnsupported(metadata, key);
  const hiddenColumns = readSize(metadata, key("embedding_length"), SPEC_LIMITS.columns);
  const heads = uniform("attention.head_count", SPEC_LIMITS.heads, "head counts");
  const headDim = headDimension(metadata, key, hiddenColumns / heads);
  return {
    architecture,
    name: metadata.findString("general.name") ?? architecture,
    layers: readSize(metadata, key("block_count"), SPEC_LIMITS.layers),
    hiddenColumns,
    ffnColumns: uniform("feed_forward_length", SPEC_LIMITS.columns, "feed-forward sizes"),
    heads,
    kvHeads: keyValueHeads(metadata, key("attention.head_count_kv"), heads),
    headDim,
    vocabSize: vocabularySize(metadata, key("vocab_size")),
    contextTokens: readSize(metadata, key("context_length"), SPEC_LIMITS.contextTokens),
    normEpsilon: positive("attention.layer_norm_rms_epsilon"),
    rope: {
      theta: findPositive(metadata, key("rope.freq_base")) ?? 10_000,
      scaling: ropeScaling({ metadata, tensors }, key("rope"), headDim),
    },
    tiedHead: !tensors.has("output.weight"),
    qkvBias: tensors.has("blk.0.attn_q.bias"),
    attentionOutputBias: tensors.has("blk.0.attn_output.bias"),
  };
}

type KeyOf = (name: string) => string;

function refuseUnsupported(metadata: GgufMetadata, key: KeyOf): void {
  if ((metadata.findUint(key("expert_count")) ?? 0) > 0) refuse("a mixture of experts", "Use a dense model.");
  const window = metadata.findUint(key("attention.sliding_window")) ?? 0;
  // A window that the whole context fits in changes nothing.
  if (window > 0 && window < (metadata.findUint(key("context_length")) ?? Infinity)) {
    refuse(`sliding-window attention (${window} tokens)`, "Use a model with full attention.");
  }
  if (metadata.findBool(key("attention.causal")) === false) {
    refuse("attention that is not causal", "Use a model that generates text.");
  }
}

function headDimension(metadata: GgufMetadata, key: KeyOf, evenShare: number): number {
  const keyLength = findSize(metadata, key("attention.key_length"), SPEC_LIMITS.headDim);
  const headDim = keyLength ?? evenShare;
  if (!Number.isInteger(headDim) || headDim % 2 !== 0 || headDim > SPEC_LIMITS.headDim) {
    fail("metadata_invalid", {
      key: key(keyLength === undefined ? "attention.head_count" : "attention.key_length"),
      problem: `it makes heads of ${headDim} columns, not an even number up to ${SPEC_LIMITS.headDim}`,
    });
  }
  const valueDim = metadata.findUint(key("attention.value_length")) ?? headDim;
  if (valueDim !== headDim) refuse(`value heads of ${valueDim} columns beside key heads of ${headDim}`);
  const turned = metadata.findUint(key("rope.dimension_count")) ?? headDim;
  if (turned !== headDim) refuse(`RoPE over ${turned} of ${headDim} columns of a head`);
  return headDim;
}

function keyValueHeads(metadata: GgufMetadata, key: string, heads: number): number {
  const kvHeads = findUniformSize(metadata, key, SPEC_LIMITS.heads, "KV head counts") ?? heads;
  if (heads % kvHeads === 0) return kvHeads;
  return fail("metadata_invalid", { key, problem: `${heads} query heads do not share ${kvHeads} KV heads evenly` });
}

/** As many as the tokenizer has; the key `vocab_size` only where the file has no tokenizer. */
function vocabularySize(metadata: GgufMetadata, key: string): number {
  const tokens = metadata.findStrings("tokenizer.ggml.tokens");
  if (tokens === undefined) return readSize(metadata, key, SPEC_LIMITS.vocabSize);
  if (tokens.length >= 1 && tokens.length <= SPEC_LIMITS.vocabSize) return tokens.length;
  return fail("metadata_invalid", {
    key: "tokenizer.ggml.tokens",
    problem: `it has ${tokens.length} tokens, outside 1..${SPEC_LIMITS.vocabSize}`,
  });
}

function refuse(feature: string, hint = ""): never {
  return fail("model_feature_unsupported", { feature, hint });
}
