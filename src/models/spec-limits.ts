/** Sizes of a model that are accepted at most, so that a hostile file's graph stays small. */

import { NATIVE_LIMITS } from "../base/native-limits.ts";

export const SPEC_LIMITS = {
  /** A graph has some ten nodes a layer; the deepest published models have about 130 layers. */
  layers: 1024,
  /** The widest published models have 128 query heads. */
  heads: 4096,
  headDim: NATIVE_LIMITS.headDim,
  /** Columns of any value; an f32 row stays below 16 MiB. */
  columns: 2 ** 22,
  /** Vocabularies in use have up to 262,144 tokens. */
  vocabSize: 2 ** 22,
  contextTokens: NATIVE_LIMITS.contextTokens,
} as const;
