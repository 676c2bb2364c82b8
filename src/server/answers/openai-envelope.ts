/** What chat and text completions have in common, whole and in chunks. */

import { z } from "zod";
import { type AnswerOf, count, unixSeconds } from "./answer-of.ts";
import { turnwiseAnswer } from "./turnwise-answer.ts";

export const completionUsage = z.object({
  prompt_tokens: count,
  completion_tokens: count,
  total_tokens: count,
  prompt_tokens_details: z.object({ cached_tokens: count }),
  completion_tokens_details: z.object({ reasoning_tokens: count }).optional(),
});
export type CompletionUsage = AnswerOf<typeof completionUsage>;

const HEAD = {
  id: z.string(),
  created: unixSeconds,
  model: z.string(),
  system_fingerprint: z.string().describe("Same fingerprint, request and seed: same answer"),
};

export const completionOf = <Name extends string, Choice extends z.ZodType>(object: Name, choice: Choice) =>
  z.object({
    ...HEAD,
    object: z.literal(object),
    choices: z.array(choice),
    usage: completionUsage,
    turnwise: turnwiseAnswer,
  });

export const chunkOf = <Name extends string, Choice extends z.ZodType>(object: Name, choice: Choice) =>
  z.object({
    ...HEAD,
    object: z.literal(object),
    choices: z.array(choice),
    usage: completionUsage
      .nullable()
      .optional()
      .describe("With stream_options.include_usage, null in all chunks but the last"),
    turnwise: turnwiseAnswer.optional().describe("Of the last chunk"),
  });
