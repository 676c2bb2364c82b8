/**
 * How the matrices of a random model are stored, by the names that files use: one type for all, or one of
 * llama.cpp's mixes, with more bits where rounding hurts most. Vectors are always f32.
 */

import { GGML_TYPES } from "../../formats/gguf/ggml-types.ts";
import { DECODABLE_TYPES, type DecodableType } from "../../formats/quant/decodable-types.ts";
import type { WeightRef } from "../../graph/types.ts";

interface Mix {
  readonly most: DecodableType;
  /** Of attn_v and ffn_down in the first and last eighth of the layers, and in every third between. */
  readonly sensitive: DecodableType;
  readonly output: DecodableType;
}

const MIXES = {
  q4_k_m: { most: "Q4_K", sensitive: "Q6_K", output: "Q6_K" },
  q5_k_m: { most: "Q5_K", sensitive: "Q6_K", output: "Q6_K" },
} as const satisfies Record<string, Mix>;

export type RandomQuant = Lowercase<DecodableType> | keyof typeof MIXES;

/** What llama.cpp stores a row as whose width no superblock of 256 divides. */
const NARROW_TYPES: { readonly [Type in DecodableType]?: DecodableType } = {
  Q2_K: "IQ4_NL",
  Q3_K: "IQ4_NL",
  IQ4_XS: "IQ4_NL",
  Q4_K: "Q5_0",
  Q5_K: "Q5_1",
  Q6_K: "Q8_0",
};

const PURE = Object.fromEntries(
  DECODABLE_TYPES.map((type) => [type.toLowerCase(), { most: type, sensitive: type, output: type }]),
) as { readonly [Quant in Lowercase<DecodableType>]: Mix };

const ALL_MIXES: { readonly [Quant in RandomQuant]: Mix } = { ...PURE, ...MIXES };

export const RANDOM_QUANTS = Object.keys(ALL_MIXES) as readonly RandomQuant[];

/** Of its matrices; narrow ones may have another. */
export function typesOf(quant: RandomQuant): readonly DecodableType[] {
  const { most, sensitive, output } = ALL_MIXES[quant];
  return [most, sensitive, output];
}

/** The type of one matrix of a model with so many layers. */
export function matrixType(quant: RandomQuant, { tensor, columns }: WeightRef, layers: number, tiedHead: boolean) {
  const mix = ALL_MIXES[quant];
  const isOutput = tensor === "output.weight" || (tiedHead && tensor === "token_embd.weight");
  const type = isOutput ? mix.output : isSensitive(tensor, layers) ? mix.sensitive : mix.most;
  return columns % GGML_TYPES[type].blockElements === 0 ? type : (NARROW_TYPES[type] ?? type);
}

function isSensitive(tensor: string, layers: number): boolean {
  const match = /^blk\.(\d+)\.(?:attn_v|ffn_down)\.weight$/.exec(tensor);
  if (match === null) return false;
  const layer = Number(match[1]);
  const eighth = Math.floor(layers / 8);
  return layer < eighth || layer >= Math.floor((7 * layers) / 8) || (layer - eighth) % 3 === 2;
}
