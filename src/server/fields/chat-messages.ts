/** Messages and tools as OpenAI's clients send them, checked and turned into the template's input. */

import { z } from "zod";
import { fail } from "../../base/errors.ts";
import type { ChatContentPart, ChatInput, ChatMessage, ChatTool } from "../../text/template/types.ts";

/** Each one is validated and rendered; a context of 131,072 tokens holds fewer. */
const MAX_MESSAGES = 10_000;
/** OpenAI's limit. */
const MAX_TOOLS = 128;

/** Parts other than text are recognised first, and refused by name in `toContent`. */
const contentPart = z.looseObject({ type: z.string(), text: z.string().optional(), refusal: z.string().optional() });

const messageContent = z.union([z.string(), z.array(contentPart)], { error: "expected a string or an array of parts" });

const toolCall = z.object({
  id: z.string().optional(),
  type: z.literal("function").default("function"),
  function: z.object({ name: z.string(), arguments: z.string() }),
});

const message = z.discriminatedUnion(
  "role",
  [
    z.object({ role: z.literal(["system", "developer"]), content: messageContent, name: z.string().nullish() }),
    z.object({ role: z.literal("user"), content: messageContent, name: z.string().nullish() }),
    z.object({
      role: z.literal("assistant"),
      content: messageContent.nullish(),
      name: z.string().nullish(),
      tool_calls: z.array(toolCall).nullish(),
      // Not OpenAI's: what reasoning models' clients send back.
      reasoning_content: z.string().nullish(),
    }),
    z.object({
      role: z.literal("tool"),
      content: messageContent,
      tool_call_id: z.string(),
      name: z.string().nullish(),
    }),
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
    name: z.string().min(1),
    description: z.string().optional(),
    parameters: z.record(z.string(), z.unknown()).optional(),
  }),
);

export const chatTools = z.array(z.looseObject({ type: z.literal("function"), function: toolFunction })).max(MAX_TOOLS);

interface ChatFields {
  readonly messages: readonly Message[];
  readonly tools: z.output<typeof chatTools> | undefined;
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
    const content = toContent(given.content, `messages[${index}].content`);
    // Templates know no developer role; OpenAI defines it as the newer name of system.
    const role = given.role === "developer" ? "system" : given.role;
    return { ...(dropNulls(given) as ChatMessage), role, content };
  });
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
