/**
 * The items that make up a conversation of the Responses API
 * (https://platform.openai.com/docs/api-reference/responses/object), and the messages they stand for.
 */

import { fail } from "../../base/errors.ts";
import type { ChatMessage, ChatToolCall } from "../../text/template/types.ts";
import type { ContentPart, GivenItem } from "../fields/responses-fields.ts";

/** An item as a client sent it, with an id. */
export type InputItem = GivenItem & { readonly id: string };

/**
 * The conversation for the chat template. Neighbouring items of the assistant (its thoughts, its text, its
 * calls) are one message. Throws `field_refused` for an item that is not text or a call.
 */
export function toChatMessages(items: readonly GivenItem[], field: string): ChatMessage[] {
  const messages: ChatMessage[] = [];
  let assistant: AssistantParts | null = null;
  const flush = (): void => {
    if (assistant !== null) messages.push(assistantMessage(assistant));
    assistant = null;
  };
  for (const [index, item] of items.entries()) {
    const at = `${field}[${index}]`;
    if (isAssistants(item)) {
      assistant ??= { texts: [], thoughts: [], calls: [] };
      addPart(assistant, item, at);
    } else {
      flush();
      messages.push(item.type === "function_call_output" ? resultMessage(item, at) : givenMessage(item, at));
    }
  }
  flush();
  return messages;
}

interface AssistantParts {
  readonly texts: string[];
  readonly thoughts: string[];
  readonly calls: ChatToolCall[];
}

function isAssistants({ type, role }: GivenItem): boolean {
  return type === "function_call" || type === "reasoning" || role === "assistant";
}

function addPart({ texts, thoughts, calls }: AssistantParts, item: GivenItem, field: string): void {
  if (item.type === "function_call") {
    const { call_id: id, name, arguments: text } = item;
    calls.push({
      id: required(id, `${field}.call_id`),
      type: "function",
      function: { name: required(name, `${field}.name`), arguments: required(text, `${field}.arguments`) },
    });
  } else if (item.type === "reasoning") {
    thoughts.push(textOf(item.content ?? item.summary ?? [], `${field}.content`));
  } else {
    texts.push(textOf(required(item.content, `${field}.content`), `${field}.content`));
  }
}

function assistantMessage({ texts, thoughts, calls }: AssistantParts): ChatMessage {
  return {
    role: "assistant",
    content: texts.length === 0 && calls.length > 0 ? null : texts.join(""),
    ...(thoughts.length === 0 ? {} : { reasoning_content: thoughts.join("\n") }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

function resultMessage(item: GivenItem, field: string): ChatMessage {
  return {
    role: "tool",
    content: textOf(required(item.output, `${field}.output`), `${field}.output`),
    tool_call_id: required(item.call_id, `${field}.call_id`),
  };
}

function givenMessage(item: GivenItem, field: string): ChatMessage {
  if (item.type !== undefined && item.type !== "message") {
    fail("field_refused", { field: `${field}.type`, hint: `Items of type ${item.type.slice(0, 100)} are not read.` });
  }
  return {
    role: required(item.role, `${field}.role`),
    content: textOf(required(item.content, `${field}.content`), `${field}.content`),
  };
}

const TEXT_PARTS = new Set(["input_text", "output_text", "text", "refusal", "reasoning_text", "summary_text"]);

function textOf(content: string | readonly ContentPart[], field: string): string {
  if (typeof content === "string") return content;
  return content
    .map((part, index) => {
      const at = `${field}[${index}]`;
      if (!TEXT_PARTS.has(part.type)) {
        fail("field_refused", { field: `${at}.type`, hint: `This model reads text, not ${part.type.slice(0, 100)}.` });
      }
      return required(part.text ?? part.refusal, `${at}.text`);
    })
    .join("");
}

function required<Value>(value: Value | undefined, field: string): Value {
  return value ?? fail("request_invalid", { field, problem: "is required" });
}
