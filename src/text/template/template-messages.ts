/**
 * Messages in the form that templates expect, which is Hugging Face's and not quite OpenAI's: content
 * as a string or as parts, arguments of tool calls as objects, nothing null but by choice.
 */

import { fail } from "../../base/errors.ts";
import type { ChatContentPart, ChatMessage, ChatToolCall } from "./types.ts";

export interface MessageForm {
  /** "string": text parts are joined; "parts": a string becomes one part. */
  readonly content: "string" | "parts";
  /** The template knows the role `developer`; otherwise it is `system`, which it replaced. */
  readonly developerRole: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** Throws `template_failed` for content that the template cannot take. */
export function toTemplateMessages(messages: readonly ChatMessage[], form: MessageForm): readonly Fields[] {
  return messages.map((message) => {
    const { role, content, tool_calls: toolCalls, ...rest } = message;
    return defined({
      ...rest,
      role: role === "developer" && !form.developerRole ? "system" : role,
      content: toContent(content ?? "", form.content),
      // An empty list is not the same as none: templates look whether there are calls.
      tool_calls: toolCalls === undefined || toolCalls.length === 0 ? undefined : toolCalls.map(toTemplateCall),
    });
  });
}

function toContent(content: string | readonly ChatContentPart[], form: MessageForm["content"]): unknown {
  if (form === "parts") return typeof content === "string" ? [{ type: "text", text: content }] : content;
  return typeof content === "string" ? content : content.map(textOf).join("\n");
}

function textOf(part: ChatContentPart): string {
  if (part.type === "text" && typeof part.text === "string") return part.text;
  return fail("template_failed", { reason: `it takes text, not content of type ${JSON.stringify(part.type)}.` });
}

/** Arguments that are not the JSON of an object stay as they are, for the template to show. */
function toTemplateCall(call: ChatToolCall): Fields {
  const { arguments: given, ...rest } = call.function;
  const parsed = typeof given === "string" ? (parseObject(given) ?? given) : given;
  return defined({ ...call, function: defined({ ...rest, arguments: parsed }) });
}

function parseObject(json: string): Fields | null {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : null;
  } catch {
    return null;
  }
}

/** Without the fields that are undefined: to a template a field that is there is defined. */
function defined(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
