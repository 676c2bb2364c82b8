/** What goes wrong, as OpenAI's and Anthropic's clients read it. */

import { z } from "zod";
import type { AnswerOf } from "./answer-of.ts";

export const errorAnswer = z.object({
  error: z.object({
    message: z.string(),
    type: z
      .enum(["invalid_request_error", "rate_limit_error", "server_error"])
      .describe("Whose fault it is; clients choose their error class by the status"),
    param: z.string().nullable().describe("The field that is wrong, where one is"),
    code: z.string().nullable(),
  }),
});
export type ErrorAnswer = AnswerOf<typeof errorAnswer>;

export const anthropicErrorAnswer = z.object({
  type: z.literal("error"),
  error: z.object({ type: z.string(), message: z.string() }),
  request_id: z.string(),
});
export type AnthropicErrorAnswer = AnswerOf<typeof anthropicErrorAnswer>;
