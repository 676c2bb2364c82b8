/** `text_completion`, whole and in chunks (https://platform.openai.com/docs/api-reference/completions/object). */

import { z } from "zod";
import { type AnswerOf, count } from "./answer-of.ts";
import { chunkOf, completionOf } from "./openai-envelope.ts";

const logprobs = z.object({
  tokens: z.array(z.string()),
  token_logprobs: z.array(z.number()),
  top_logprobs: z.array(z.record(z.string(), z.number())),
  text_offset: z.array(count).describe("In code points of the choice's text"),
});
export type CompletionLogprobs = AnswerOf<typeof logprobs>;

const finishReason = z.enum(["stop", "length"]);
const choice = z.object({
  index: count,
  text: z.string(),
  logprobs: logprobs.nullable(),
  finish_reason: finishReason,
});
export type CompletionChoice = AnswerOf<typeof choice>;

const chunkChoice = choice.extend({ finish_reason: finishReason.nullable() });
export type CompletionChunkChoice = AnswerOf<typeof chunkChoice>;

export const completion = completionOf("text_completion", choice);
export const completionChunk = chunkOf("text_completion", chunkChoice);
