/** Texts as tokens, and tokens as texts. */

import { z } from "zod";
import { type AnswerOf, count } from "./answer-of.ts";
import { IGNORED } from "./turnwise-answer.ts";

export const tokenization = z.object({
  tokens: z.array(count),
  count,
  max_model_len: count.describe("Tokens of context"),
  token_strs: z.array(z.string()).optional().describe("With return_token_strs"),
  ...IGNORED,
});
export type Tokenization = AnswerOf<typeof tokenization>;

/** Of `/detokenize` and `/apply-template`. */
export const promptAnswer = z.object({ prompt: z.string(), ...IGNORED });
export type PromptAnswer = AnswerOf<typeof promptAnswer>;

export const tokenCount = z.object({ input_tokens: count, ...IGNORED });
export type TokenCount = AnswerOf<typeof tokenCount>;
