/** The shapes that random models come in, as rows. */

import type { Architecture, RopePairing } from "../model-spec.ts";
import { llama3Factors } from "../rope-frequencies.ts";

export interface RandomShape {
  readonly architecture: Architecture;
  readonly layers: number;
  readonly hiddenColumns: number;
  readonly ffnColumns: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Null: as many tokens as the small built-in vocabulary has. */
  readonly vocabSize: number | null;
  readonly contextTokens: number;
  readonly normEpsilon: number;
  readonly theta: number;
  readonly tiedHead: boolean;
  readonly ropePairing: RopePairing;
  readonly qkvBias: boolean;
  readonly attentionOutputBias: boolean;
  readonly headNorm: boolean;
  readonly ropeFactors: Float32Array | null;
}

const TINY: RandomShape = {
  architecture: "llama",
  layers: 3,
  hiddenColumns: 96,
  ffnColumns: 256,
  heads: 6,
  kvHeads: 2,
  headDim: 16,
  vocabSize: null,
  contextTokens: 2048,
  normEpsilon: 1e-5,
  theta: 10_000,
  tiedHead: false,
  ropePairing: "neighbours",
  qkvBias: false,
  attentionOutputBias: false,
  headNorm: false,
  ropeFactors: null,
};

const LLAMA_3_SCALING = { lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextTokens: 8192 } as const;

const LLAMA_3_2_1B: RandomShape = {
  ...TINY,
  layers: 16,
  hiddenColumns: 2048,
  ffnColumns: 8192,
  heads: 32,
  kvHeads: 8,
  headDim: 64,
  vocabSize: 128_256,
  contextTokens: 131_072,
  theta: 500_000,
  tiedHead: true,
  ropeFactors: llama3Factors(500_000, 64, { ...LLAMA_3_SCALING, factor: 32 }),
};

export const RANDOM_SHAPES = {
  /** Sizes that are no powers of 2, and three query heads to a KV head: for tests. */
  tiny: TINY,
  /** The parts that `tiny` lacks: a tied head, biases, scaled RoPE, attention wider than the residual. */
  "tiny-biased": {
    ...TINY,
    layers: 2,
    hiddenColumns: 64,
    heads: 4,
    headDim: 32,
    tiedHead: true,
    qkvBias: true,
    attentionOutputBias: true,
    ropeFactors: llama3Factors(10_000, 32, {
      factor: 8,
      lowFrequencyFactor: 1,
      highFrequencyFactor: 4,
      originalContextTokens: 256,
    }),
  },
  "tiny-qwen2": { ...TINY, architecture: "qwen2", ropePairing: "halves", qkvBias: true, tiedHead: true },
  "tiny-qwen3": { ...TINY, architecture: "qwen3", ropePairing: "halves", headNorm: true, headDim: 32 },
  /** Rows that superblocks of 256 divide: for K-quants, which narrower rows replace by other types. */
  "tiny-wide": { ...TINY, hiddenColumns: 256, heads: 4, headDim: 64 },
  // For benches: true shapes, from the models' published config.json.
  "llama-3.2-1b": LLAMA_3_2_1B,
  "llama-3.1-8b": {
    ...LLAMA_3_2_1B,
    layers: 32,
    hiddenColumns: 4096,
    ffnColumns: 14_336,
    headDim: 128,
    tiedHead: false,
    ropeFactors: llama3Factors(500_000, 128, { ...LLAMA_3_SCALING, factor: 8 }),
  },
  "smollm2-135m": {
    ...TINY,
    layers: 30,
    hiddenColumns: 576,
    ffnColumns: 1536,
    heads: 9,
    kvHeads: 3,
    headDim: 64,
    vocabSize: 49_152,
    contextTokens: 8192,
    theta: 100_000,
    tiedHead: true,
  },
  "qwen3-0.6b": {
    ...TINY,
    architecture: "qwen3",
    layers: 28,
    hiddenColumns: 1024,
    ffnColumns: 3072,
    heads: 16,
    kvHeads: 8,
    headDim: 128,
    vocabSize: 151_936,
    contextTokens: 40_960,
    normEpsilon: 1e-6,
    theta: 1_000_000,
    tiedHead: true,
    ropePairing: "halves",
    headNorm: true,
  },
} as const satisfies Record<string, RandomShape>;

export type RandomShapeName = keyof typeof RANDOM_SHAPES;
