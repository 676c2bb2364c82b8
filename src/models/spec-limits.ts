/** Sizes of a model that are accepted at most, so that a hostile file's graph stays small. */

export const SPEC_LIMITS = {
  /** A graph has some ten nodes a layer; the deepest published models have about 130 layers. */
  layers: 1024,
  /** The widest published models have 128 query heads. */
  heads: 4096,
  /** Head dimensions in use go to 256. */
  headDim: 4096,
  /** Columns of any value; an f32 row stays below 16 MiB. */
  columns: 2 ** 22,
  /** Vocabularies in use have up to 262,144 tokens. */
  vocabSize: 2 ** 22,
  /** Positions are int32, and angles f32; contexts in use go to 10 million. */
  contextTokens: 2 ** 27,
} as const;
