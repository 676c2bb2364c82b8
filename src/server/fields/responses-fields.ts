/** Every field of `POST /v1/responses` (https://platform.openai.com/docs/api-reference/responses/create). */

import { z } from "zod";
import { honoured, inert, refused } from "./field-table.ts";
import type { FieldTable, FieldValues } from "./field-table.ts";
import { MAX_MESSAGES, MAX_TOOLS } from "./chat-messages.ts";
import { textFormat } from "./response-format.ts";
import { outputTokens, SAMPLING_FIELDS } from "./sampling-fields.ts";
import { toolName, toolParameters } from "./tool-fields.ts";

const part = z.looseObject({ type: z.string(), text: z.string().optional(), refusal: z.string().optional() });
export type ContentPart = z.output<typeof part>;
const content = z.union([z.string(), z.array(part)], { error: "expected a string or an array of parts" });

/** Every field of an item that is read, whatever its type. */
const item = z.looseObject({
  type: z.string().optional(),
  id: z.string().nullish(),
  role: z
    .literal(["system", "developer", "user", "assistant"], {
      error: 'expected a role of "system", "developer", "user" or "assistant"',
    })
    .optional(),
  content: content.optional(),
  summary: z.array(part).optional(),
  call_id: z.string().optional(),
  name: z.string().optional(),
  arguments: z.string().optional(),
  output: content.optional(),
});

export type GivenItem = z.output<typeof item>;

const input = z.union([z.string(), z.array(item).min(1).max(MAX_MESSAGES)], {
  error: "expected a string or an array of items",
});

const tool = z.looseObject({
  type: z.string(),
  name: toolName.optional(),
  description: z.string().nullish(),
  parameters: toolParameters.nullish(),
  strict: z.boolean().nullish(),
});

const toolChoice = z.union(
  [z.literal(["auto", "none", "required"]), z.looseObject({ type: z.literal("function"), name: z.string() })],
  {
    error: 'expected "auto", "none", "required" or a function by its name',
  },
);

const textSettings = z.looseObject({
  format: textFormat.nullish(),
  verbosity: z.literal("medium", { error: "would change the answer; say it in a message" }).nullish(),
});

export const RESPONSES_FIELDS = {
  input: honoured(input, "A text, or items: messages, function_call, function_call_output, reasoning"),
  model: honoured(z.string().optional(), "A served id; absent: the served model"),
  instructions: honoured(z.string().optional(), "A system message for this response alone"),
  previous_response_id: honoured(z.string().optional(), "A stored response that this one continues"),
  store: honoured(z.boolean().optional(), "Keep the response for --store-ttl; default true"),
  max_output_tokens: honoured(outputTokens.optional(), "By default what is left of the context"),
  temperature: SAMPLING_FIELDS.temperature,
  top_p: SAMPLING_FIELDS.top_p,
  prompt_cache_key: SAMPLING_FIELDS.prompt_cache_key,
  stream: SAMPLING_FIELDS.stream,
  tools: honoured(z.array(tool).max(MAX_TOOLS).optional(), "Of type function"),
  tool_choice: honoured(
    toolChoice.optional(),
    '"auto"; "none": the tools are left out of the prompt; "required" or a named function: the answer is a call',
  ),
  parallel_tool_calls: honoured(z.boolean().optional(), "false: one call at most; default true"),
  text: honoured(
    textSettings.optional(),
    "format: text, json_object or json_schema, as response_format of chat completions; with tools an answer is calls or JSON",
  ),
  metadata: honoured(z.record(z.string(), z.string()).optional(), "Comes back in the response"),
  include: honoured(
    z.array(z.string()).optional(),
    "Answers hold all that there is; message.output_text.logprobs is refused",
  ),

  user: inert("Names the end user"),
  safety_identifier: inert("Names the end user"),
  service_tier: inert("There is one tier"),
  prompt_cache_retention: inert("Prompt caching does not change answers"),
  stream_options: inert("Nothing is obfuscated"),

  background: refused("Stream, or wait for the answer.", false),
  conversation: refused("Use previous_response_id."),
  context_management: refused("Shorten the input yourself."),
  max_tool_calls: refused("Tools are the client's."),
  prompt: refused("Send the text as input."),
  reasoning: refused("Use a model that reasons by itself.", {}),
  top_logprobs: refused("Use /v1/chat/completions.", 0),
  truncation: refused("Input is never cut.", "disabled"),
} as const satisfies FieldTable;

export type ResponsesValues = FieldValues<typeof RESPONSES_FIELDS>;
