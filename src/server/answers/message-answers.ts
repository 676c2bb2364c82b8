/** Messages of Anthropic's API (https://docs.anthropic.com/en/api/messages), whole and as events. */

import { z } from "zod";
import { type AnswerOf, count } from "./answer-of.ts";
import { anthropicErrorAnswer } from "./error-answers.ts";
import { turnwiseAnswer } from "./turnwise-answer.ts";

const incomplete = z.literal(true).optional().describe("The answer ended before the call did");

const block = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), text: z.string() }),
  z.object({ type: z.literal("thinking"), thinking: z.string(), signature: z.string() }),
  z.object({
    type: z.literal("tool_use"),
    id: z.string(),
    name: z.string(),
    input: z.record(z.string(), z.unknown()),
    incomplete,
  }),
]);
export type ContentBlock = AnswerOf<typeof block>;

const usage = z.object({
  input_tokens: count,
  cache_creation_input_tokens: count,
  cache_read_input_tokens: count,
  output_tokens: count,
});
export type MessageUsage = AnswerOf<typeof usage>;

const END = {
  stop_reason: z.enum(["end_turn", "max_tokens", "stop_sequence", "tool_use"]).nullable(),
  stop_sequence: z.string().nullable(),
};
const end = z.object(END);
export type MessageEnd = AnswerOf<typeof end>;

const HEAD = { id: z.string(), type: z.literal("message"), role: z.literal("assistant"), model: z.string() };
const opened = z.object({ ...HEAD, content: z.array(block), ...END, usage });

export const message = opened.extend({ turnwise: turnwiseAnswer });
export type MessageAnswer = AnswerOf<typeof message>;

const delta = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text_delta"), text: z.string() }),
  z.object({ type: z.literal("thinking_delta"), thinking: z.string() }),
  z.object({ type: z.literal("input_json_delta"), partial_json: z.string() }),
]);
export type BlockDelta = AnswerOf<typeof delta>;

export const messageEvent = z.discriminatedUnion("type", [
  z.object({ type: z.literal("message_start"), message: opened }),
  z.object({ type: z.literal("content_block_start"), index: count, content_block: block }),
  z.object({ type: z.literal("content_block_delta"), index: count, delta }),
  z.object({ type: z.literal("content_block_stop"), index: count, incomplete }),
  z.object({ type: z.literal("message_delta"), delta: end, usage, turnwise: turnwiseAnswer }),
  z.object({ type: z.literal("message_stop") }),
  anthropicErrorAnswer,
]);
export type MessageEvent = AnswerOf<typeof messageEvent>;
