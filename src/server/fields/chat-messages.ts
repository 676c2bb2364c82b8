/** Messages and tools as OpenAI's clients send them, checked and turned into the template's input. */

import { z } from "zod";
import { fail } from "../../base/errors.ts";
import { honoured, ignoredFields, inert, refused } from "./field-table.ts";
import type { FieldTable } from "./field-table.ts";
import { toolName, toolParameters } from "./tool-fields.ts";
import type { ChatContentPart, ChatInput, ChatMessage, ChatTool } from "../../text/template/types.ts";

/** Each one is validated and rendered; a context of 131,072 tokens holds fewer. */
export const MAX_MESSAGES = 10_000;
/** OpenAI's limit. */
export const MAX_TOOLS = 128;

/** Parts other than text are recognised first, and refused by name in `toContent`. */
const contentPart = z.looseObject({ type: z.string(), text: z.string().optional(), refusal: z.string().optional() });

const messageContent = z.union([z.string(), z.array(contentPart)], { error: "expected a string or an array of parts" });

const toolCall = z.object({
  id: z.string().optional(),
  type: z.literal("function").default("function"),
  function: z.object({ name: z.string(), arguments: z.string() }),
});

/** Every field of a message, whatever its role. */
export const MESSAGE_FIELDS = {
  role: honoured(
    z.string(),
    '"system", "developer" (system to a template that knows no other), "user", "assistant" or "tool"',
  ),
  content: honoured(messageContent, "A string, or parts of type text; an assistant's may be absent"),
  name: honoured(z.string().nullish(), "Given to the chat template"),
  tool_calls: honoured(z.array(toolCall).nullish(), "Of an assistant; arguments are a JSON string"),
  tool_call_id: honoured(z.string(), "Of a tool: the call that it answers"),
  reasoning_content: honoured(z.string().nullish(), "Of an assistant: given to the chat template"),

  refusal: inert("Says that the content is a refusal"),
  annotations: inert("Sources that were cited in the answer"),
  cache_control: inert("Prompt caching does not change answers"),

  audio: refused("Only text is read."),
  function_call: refused("Use tool_calls."),
} as const satisfies FieldTable;

const content = MESSAGE_FIELDS.content.schema;
const name = MESSAGE_FIELDS.name.schema;

const message = z.discriminatedUnion(
  "role",
  [
    z.looseObject({ role: z.literal(["system", "developer"]), content, name }),
    z.looseObject({ role: z.literal("user"), content, name }),
    z.looseObject({
      role: z.literal("assistant"),
      content: content.nullish(),
      name,
      tool_calls: MESSAGE_FIELDS.tool_calls.schema,
      reasoning_content: MESSAGE_FIELDS.reasoning_content.schema,
    }),
    z.looseObject({ role: z.literal("tool"), content, tool_call_id: MESSAGE_FIELDS.tool_call_id.schema, name }),
  ],
  { error: 'expected a role of "system", "developer", "user", "assistant" or "tool"' },
);

type Message = z.output<typeof message>;

export const chatMessages = z.array(message).min(1).max(MAX_MESSAGES);

/** Absent rather than null: a template would render null. */
const dropNulls = <Fields extends object>(fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)) as Fields;

const toolFunction = z.preprocess(
  (value) => (typeof value === "object" && value !== null ? dropNulls(value) : value),
  z.looseObject({
    name: toolName,
    description: z.string().optional(),
    parameters: toolParameters.optional(),
  }),
);

export const chatTools = z.array(z.looseObject({ type: z.literal("function"), function: toolFunction })).max(MAX_TOOLS);

interface ChatFields {
  readonly messages: readonly Message[];
  readonly tools: readonly ChatTool[] | z.output<typeof chatTools> | undefined;
  readonly chat_template_kwargs: Readonly<Record<string, unknown>> | undefined;
  readonly add_generation_prompt: boolean | undefined;
}

/** Throws `field_refused` for content that is not text. */
export function toChatInput(fields: ChatFields): ChatInput {
  return {
    messages: toChatMessages(fields.messages),
    addGenerationPrompt: fields.add_generation_prompt ?? true,
    ...(fields.tools === undefined ? {} : { tools: fields.tools as readonly ChatTool[] }),
    ...(fields.chat_template_kwargs === undefined ? {} : { variables: fields.chat_template_kwargs }),
  };
}

function toChatMessages(messages: readonly Message[]): ChatMessage[] {
  return messages.map((given, index) => {
    const fields = Object.entries(given).filter(([field, value]) => value !== null && isHonoured(field));
    return {
      ...(Object.fromEntries(fields) as Message),
      content: toContent(given.content, `messages[${index}].content`),
    } as ChatMessage;
  });
}

const isHonoured = (field: string): boolean =>
  Object.hasOwn(MESSAGE_FIELDS, field) && (MESSAGE_FIELDS as FieldTable)[field]?.kind === "honoured";

/**
 * Fields of messages that are accepted and not used, each once. Throws `field_refused` and, where
 * `strict`, `field_unknown`.
 */
export function ignoredMessageFields(messages: readonly Message[], strict: boolean): string[] {
  const names = messages.flatMap((given, index) => {
    const fields = Object.entries(given).filter(([, value]) => value !== null);
    return ignoredFields(MESSAGE_FIELDS, fields, strict, `messages[${index}].`);
  });
  return [...new Set(names)].map((field) => `messages[].${field}`);
}

function toContent(given: Message["content"], field: string): string | null | readonly ChatContentPart[] {
  if (given === undefined || given === null) return null;
  if (typeof given === "string") return given;
  return given.map((part, index) => {
    const text = part.type === "refusal" ? part.refusal : part.text;
    if (part.type !== "text" && part.type !== "refusal") {
      fail("field_refused", { field: `${field}[${index}].type`, hint: `This model reads text, not ${part.type}.` });
    }
    if (text === undefined) fail("request_invalid", { field: `${field}[${index}].text`, problem: "is required" });
    return { type: "text", text };
  });
}
