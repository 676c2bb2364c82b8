/** The goldens of test/golden/forward, and the weights of their models, made as make-forward.py does. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { GgufContents, GgufTensorContents } from "../../src/formats/gguf/write.ts";
import { ggufValue, type GgufValue } from "../../src/formats/gguf/value.ts";

export interface ForwardGolden {
  readonly architecture: "qwen2" | "qwen3";
  readonly layers: number;
  readonly hidden: number;
  readonly ffn: number;
  readonly heads: number;
  readonly kv_heads: number;
  readonly head_dim: number;
  readonly vocab: number;
  readonly epsilon: number;
  readonly theta: number;
  readonly tied: boolean;
  readonly bias: boolean;
  readonly head_norm: boolean;
  readonly tokens: readonly number[];
  /** [tokens][vocab] */
  readonly logits: readonly (readonly number[])[];
}

export function readForwardGolden(architecture: ForwardGolden["architecture"]): ForwardGolden {
  const path = join(import.meta.dirname, "..", "golden", "forward", "fixtures", `${architecture}.json`);
  return JSON.parse(readFileSync(path, "utf8")) as ForwardGolden;
}

/** One weight of the model: its canonical name and its shape, outer dimension first. */
export interface GoldenWeight {
  readonly name: string;
  readonly shape: readonly number[];
}

export function goldenWeights(golden: ForwardGolden): readonly GoldenWeight[] {
  const { hidden, ffn, vocab, heads, kv_heads: kvHeads, head_dim: headDim } = golden;
  const weights: GoldenWeight[] = [
    { name: "token_embd.weight", shape: [vocab, hidden] },
    { name: "output_norm.weight", shape: [hidden] },
  ];
  if (!golden.tied) weights.push({ name: "output.weight", shape: [vocab, hidden] });
  for (let layer = 0; layer < golden.layers; layer += 1) {
    const add = (name: string, ...shape: number[]): unknown => weights.push({ name: `blk.${layer}.${name}`, shape });
    add("attn_norm.weight", hidden);
    add("ffn_norm.weight", hidden);
    for (const [part, count] of [["q", heads] as const, ["k", kvHeads] as const, ["v", kvHeads] as const]) {
      add(`attn_${part}.weight`, count * headDim, hidden);
      if (golden.bias) add(`attn_${part}.bias`, count * headDim);
      if (golden.head_norm && part !== "v") add(`attn_${part}_norm.weight`, headDim);
    }
    add("attn_output.weight", hidden, heads * headDim);
    add("ffn_gate.weight", ffn, hidden);
    add("ffn_up.weight", ffn, hidden);
    add("ffn_down.weight", hidden, ffn);
  }
  return weights;
}

/** The function `weight` of make-forward.py. */
export function goldenValues({ name, shape }: GoldenWeight): Float32Array {
  let state = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) state = Math.imul(state ^ byte, 0x01000193);
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 8) / 2 ** 24 - 0.5;
  };
  const scale = name.endsWith(".bias") ? 2 : 0.5;
  const length = shape.reduce((product, size) => product * size, 1);
  const isNorm = name.endsWith("norm.weight");
  const values = new Float32Array(length);
  for (let index = 0; index < length; index += 1) values[index] = isNorm ? 1 + next() : scale * next();
  return values;
}

/** The model as a GGUF file. */
export function goldenGguf(golden: ForwardGolden): GgufContents {
  const { architecture } = golden;
  const sizes = Object.entries({
    block_count: golden.layers,
    context_length: 64,
    embedding_length: golden.hidden,
    feed_forward_length: golden.ffn,
    "attention.head_count": golden.heads,
    "attention.head_count_kv": golden.kv_heads,
    "attention.key_length": golden.head_dim,
    "attention.value_length": golden.head_dim,
    vocab_size: golden.vocab,
  }).map(([key, value]): [string, GgufValue] => [`${architecture}.${key}`, ggufValue.uint32(value)]);
  return {
    metadata: [
      ["general.architecture", ggufValue.string(architecture)],
      ...sizes,
      [`${architecture}.attention.layer_norm_rms_epsilon`, ggufValue.float32(golden.epsilon)],
      [`${architecture}.rope.freq_base`, ggufValue.float32(golden.theta)],
    ],
    tensors: goldenWeights(golden).map((weight): GgufTensorContents => ({
      name: weight.name,
      type: "F32",
      shape: weight.shape.toReversed(),
      data: new Uint8Array(goldenValues(weight).buffer),
    })),
  };
}
