/** `chat.completion` and its chunks (https://platform.openai.com/docs/api-reference/chat/object). */

import { z } from "zod";
import { type AnswerOf, count } from "./answer-of.ts";
import { chunkOf, completionOf } from "./openai-envelope.ts";

const candidate = z.object({ token: z.string(), logprob: z.number(), bytes: z.array(count) });
export type TokenCandidate = AnswerOf<typeof candidate>;
const tokenLogprob = candidate.extend({ top_logprobs: z.array(candidate) });
export type TokenLogprob = AnswerOf<typeof tokenLogprob>;
const logprobs = z.object({ content: z.array(tokenLogprob), refusal: z.null() }).nullable();
export type ChatLogprobs = AnswerOf<typeof logprobs>;

/** A call that the answer's end cut off is no call to run. */
const incomplete = z.literal(true).optional().describe("The answer ended before the call did");

export const toolCall = z.object({
  id: z.string(),
  type: z.literal("function"),
  function: z.object({ name: z.string(), arguments: z.string().describe("JSON") }),
  incomplete,
});

const finishReason = z.enum(["stop", "length", "tool_calls"]);

const message = z.object({
  role: z.literal("assistant"),
  content: z.string().nullable(),
  refusal: z.null(),
  reasoning_content: z.string().optional().describe("The thought before the answer"),
  tool_calls: z.array(toolCall).optional(),
});
export type ChatAnswerMessage = AnswerOf<typeof message>;

const choice = z.object({ index: count, message, logprobs, finish_reason: finishReason });
export type ChatChoice = AnswerOf<typeof choice>;

export const toolCallDelta = z.object({
  index: count,
  id: z.string().optional(),
  type: z.literal("function").optional(),
  function: z.object({ name: z.string().optional(), arguments: z.string() }),
  incomplete,
});
export type ToolCallDelta = AnswerOf<typeof toolCallDelta>;

const delta = z.object({
  role: z.literal("assistant").optional(),
  content: z.string().nullable().optional(),
  refusal: z.null().optional(),
  reasoning_content: z.string().optional(),
  tool_calls: z.array(toolCallDelta).optional(),
});

const chunkChoice = z.object({ index: count, delta, logprobs, finish_reason: finishReason.nullable() });
export type ChatChunkChoice = AnswerOf<typeof chunkChoice>;

export const chatCompletion = completionOf("chat.completion", choice);
export const chatCompletionChunk = chunkOf("chat.completion.chunk", chunkChoice);
