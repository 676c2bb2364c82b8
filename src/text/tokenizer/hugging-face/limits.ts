/** Limits on a tokenizer.json and its neighbours. */

export const TOKENIZER_JSON_LIMITS = {
  /** The largest known, Llama 4's and Gemma 3's, have 30 MB. */
  fileBytes: 256 * 1024 * 1024,
  /** tokenizer_config.json holds chat templates and added tokens; the largest known has 1.2 MB. */
  configBytes: 32 * 1024 * 1024,
  /** As in `create-tokenizer.ts`: ids above it would make the arrays by id too large. */
  tokens: 2 ** 22,
  /** Components of a normaliser or pre-tokeniser, sequences counted by their parts; known ones have up to 8. */
  components: 64,
  /** Sequences in sequences; known ones have 1. */
  depth: 8,
} as const;
