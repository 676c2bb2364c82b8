/** A model as plain data: what its metadata says, in one vocabulary for all families. */

/** Families that can be built; the names GGUF uses for `general.architecture`. */
export type Architecture = "llama" | "qwen2" | "qwen3";

/** Which columns of a head RoPE turns together, as the source orders them: (2i, 2i + 1), or (i, i + headDim / 2). */
export type RopePairing = "neighbours" | "halves";

/** Changes to RoPE's frequencies theta^(-2i / headDim) that stretch a model's context. */
export type RopeScaling =
  | { readonly kind: "none" }
  /** All frequencies are divided by `factor`. Chen et al., position interpolation, 2023. */
  | { readonly kind: "linear"; readonly factor: number }
  /** Frequency i is divided by factors[i], i < headDim / 2; how GGUF stores Llama 3.1's scaling. */
  | { readonly kind: "factors"; readonly factors: Float32Array };

export interface RopeSpec {
  readonly theta: number;
  readonly scaling: RopeScaling;
}

export interface ModelSpec {
  readonly architecture: Architecture;
  /** `general.name`, for people. */
  readonly name: string;
  readonly layers: number;
  /** Columns of the residual stream. */
  readonly hiddenColumns: number;
  /** Columns between the projections of the feed-forward block. */
  readonly ffnColumns: number;
  /** Query heads. */
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly vocabSize: number;
  /** Positions the model was trained for. */
  readonly contextTokens: number;
  readonly normEpsilon: number;
  readonly rope: RopeSpec;
  readonly ropePairing: RopePairing;
  /** The head is the embedding matrix. */
  readonly tiedHead: boolean;
  /** Q, K and V have biases. */
  readonly qkvBias: boolean;
  /** Each head of Q and K is normed before RoPE, all heads of a layer by one weight. */
  readonly headNorm: boolean;
  /** The attention's output projection has a bias. */
  readonly attentionOutputBias: boolean;
}
