/** Responses of OpenAI's Responses API and their items (https://platform.openai.com/docs/api-reference/responses/object). */

import { z } from "zod";
import { type AnswerOf, count, deletedOf, pageOf, unixSeconds } from "./answer-of.ts";
import { turnwiseAnswer } from "./turnwise-answer.ts";

const itemStatus = z.enum(["in_progress", "completed", "incomplete"]);
const none = z.array(z.never());

export const outputText = z.object({
  type: z.literal("output_text"),
  text: z.string(),
  annotations: none,
  logprobs: none,
});
export type OutputText = AnswerOf<typeof outputText>;

export const reasoningText = z.object({ type: z.literal("reasoning_text"), text: z.string() });
export type ReasoningText = AnswerOf<typeof reasoningText>;

const outputMessage = z.object({
  type: z.literal("message"),
  id: z.string(),
  status: itemStatus,
  role: z.literal("assistant"),
  content: z.array(outputText),
});

const outputCall = z.object({
  type: z.literal("function_call"),
  id: z.string(),
  call_id: z.string(),
  status: itemStatus,
  name: z.string(),
  arguments: z.string().describe("JSON"),
});

const outputReasoning = z.object({
  type: z.literal("reasoning"),
  id: z.string(),
  status: itemStatus,
  summary: none,
  content: z.array(reasoningText),
});

export const outputItem = z.discriminatedUnion("type", [outputMessage, outputCall, outputReasoning]);
export type OutputItem = AnswerOf<typeof outputItem>;

const usage = z.object({
  input_tokens: count,
  input_tokens_details: z.object({ cached_tokens: count }),
  output_tokens: count,
  output_tokens_details: z.object({ reasoning_tokens: count }),
  total_tokens: count,
});
export type ResponseUsage = AnswerOf<typeof usage>;

/** What a client sent and gets back as it is. */
const asSent = z.looseObject({});

export const response = z.object({
  id: z.string(),
  object: z.literal("response"),
  created_at: unixSeconds,
  status: z.enum(["in_progress", "completed", "incomplete", "failed"]),
  background: z.literal(false),
  error: z.object({ code: z.literal("server_error"), message: z.string() }).nullable(),
  incomplete_details: z.object({ reason: z.literal("max_output_tokens") }).nullable(),
  instructions: z.string().nullable(),
  max_output_tokens: count.nullable(),
  model: z.string(),
  output: z.array(outputItem),
  parallel_tool_calls: z.boolean(),
  previous_response_id: z.string().nullable(),
  reasoning: z.object({ effort: z.null(), summary: z.null() }),
  store: z.boolean(),
  temperature: z.number(),
  text: z.looseObject({ format: z.looseObject({ type: z.enum(["text", "json_object", "json_schema"]) }) }),
  tool_choice: z.union([z.enum(["auto", "none", "required"]), asSent]),
  tools: z.array(asSent),
  top_p: z.number(),
  truncation: z.literal("disabled"),
  usage: usage.nullable().describe("Null until the response has ended"),
  metadata: z.record(z.string(), z.string()),
  turnwise: turnwiseAnswer.optional().describe("Once the response has ended"),
});
export type ResponseObject = AnswerOf<typeof response>;

export const deletedResponse = deletedOf("response");

/** What a response answered: items as they were sent, with their ids, and the output of those before it. */
export const inputItemPage = pageOf(z.looseObject({ id: z.string() }));
