/** Every field of `POST /v1/chat/completions` (https://platform.openai.com/docs/api-reference/chat/create). */

import { z } from "zod";
import { chatMessages, chatTools } from "./chat-messages.ts";
import { honoured, inert, refused } from "./field-table.ts";
import type { FieldTable, FieldValues } from "./field-table.ts";
import { sessionReference } from "./session-fields.ts";
import { RESPONSE_FORMAT_FIELDS } from "./response-format.ts";
import { MAX_TOP_LOGPROBS, outputTokens, SAMPLING_FIELDS } from "./sampling-fields.ts";

const toolChoice = z.union(
  [
    z.literal(["none", "auto", "required"]),
    z.looseObject({ type: z.literal("function"), function: z.looseObject({ name: z.string() }) }),
  ],
  { error: 'expected "none", "auto", "required" or {"type": "function", "function": {"name": ...}}' },
);

export const CHAT_FIELDS = {
  messages: honoured(
    chatMessages,
    "Roles system, developer (as system, unless the template knows it), user, assistant, tool; text only",
  ),
  session: honoured(
    sessionReference.optional(),
    "id of a session, which messages continue; after: the turn that is expected to be its head, else 409",
  ),
  ...SAMPLING_FIELDS,
  ...RESPONSE_FORMAT_FIELDS,
  max_completion_tokens: honoured(
    outputTokens.optional(),
    "By default what is left of the context. Calls and bound JSON end within it, if their shortest form does",
  ),
  max_tokens: honoured(outputTokens.optional(), "The older name of max_completion_tokens"),
  logprobs: honoured(z.boolean().optional(), "Log-probabilities of the output tokens; default false"),
  top_logprobs: honoured(
    z.int().min(0).max(MAX_TOP_LOGPROBS).optional(),
    `0 to ${MAX_TOP_LOGPROBS} alternatives; needs logprobs`,
  ),
  tools: honoured(
    chatTools.optional(),
    "Rendered by the model's chat template, or as a system message where it knows none; arguments of calls satisfy their schema",
  ),
  tool_choice: honoured(
    toolChoice.optional(),
    '"auto"; "none": the tools are left out of the prompt, or, those of a session, not called; "required" or a named function: the answer is a call',
  ),
  parallel_tool_calls: honoured(z.boolean().optional(), "false: one call at most; default true"),
  chat_template_kwargs: honoured(
    z.record(z.string(), z.unknown()).optional(),
    "Variables for the model's chat template",
  ),
  add_generation_prompt: honoured(z.boolean().optional(), "false: the prompt ends with the last message; default true"),

  prediction: inert("It only speeds up"),
  safety_identifier: inert("Names the end user"),

  functions: refused("Use tools.", []),
  function_call: refused("Use tool_choice.", "auto", "none"),
  audio: refused("Only text is generated."),
  modalities: refused("Only text is generated.", ["text"]),
  web_search_options: refused("There is no web search."),
  reasoning_effort: refused("Use chat_template_kwargs, if the model's template has a variable for it."),
  verbosity: refused("Say it in a message.", "medium"),
  chat_template: refused("The model's own chat template is used."),
  documents: refused("Use chat_template_kwargs, if the model's template has a variable for them.", []),
  continue_final_message: refused("Use /v1/completions with the rendered prompt.", false),
  add_special_tokens: refused("The model's chat template places them.", false),
  echo: refused("Only /v1/completions echoes.", false),
} as const satisfies FieldTable;

export type ChatValues = FieldValues<typeof CHAT_FIELDS>;
