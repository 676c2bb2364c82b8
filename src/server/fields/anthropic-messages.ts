/** Messages, blocks and tools as Anthropic's clients send them, turned into the template's input. */

import { z } from "zod";
import { fail } from "../../base/errors.ts";
import type { ChatInput, ChatMessage, ChatTool, ChatToolCall } from "../../text/template/types.ts";
import type { AnthropicPromptValues } from "./anthropic-fields.ts";
import { MAX_MESSAGES, MAX_TOOLS } from "./chat-messages.ts";
import { toolName, toolParameters } from "./tool-fields.ts";

const textBlock = z.looseObject({ type: z.literal("text"), text: z.string() });

/** Blocks of other types are recognised first, and refused by name. */
const anyBlock = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  thinking: z.string().optional(),
  id: z.string().optional(),
  name: z.string().optional(),
  input: z.record(z.string(), z.unknown()).optional(),
  tool_use_id: z.string().optional(),
  content: z.union([z.string(), z.array(z.looseObject({ type: z.string(), text: z.string().optional() }))]).optional(),
  is_error: z.boolean().optional(),
});
type Block = z.output<typeof anyBlock>;

const message = z.looseObject({
  role: z.literal(["user", "assistant"], { error: 'expected a role of "user" or "assistant"' }),
  content: z.union([z.string(), z.array(anyBlock)], { error: "expected a string or an array of blocks" }),
});
type Message = z.output<typeof message>;

export const anthropicMessages = z.array(message).min(1).max(MAX_MESSAGES);

export const systemPrompt = z.union([z.string(), z.array(textBlock)], {
  error: "expected a string or an array of text blocks",
});

export const anthropicTools = z
  .array(
    z.looseObject({
      type: z.string().nullish(),
      name: toolName,
      description: z.string().optional(),
      input_schema: toolParameters.optional(),
    }),
  )
  .max(MAX_TOOLS);

/**
 * The conversation for the chat template. A user's tool results become messages of role tool, an
 * assistant's thinking its `reasoning_content`. Throws `field_refused` for blocks that are not text.
 */
export function anthropicChatInput(
  { messages, system, thinking }: AnthropicPromptValues,
  tools: readonly ChatTool[] | undefined,
): ChatInput {
  if (messages.at(-1)?.role === "assistant") {
    fail("field_refused", {
      field: "messages",
      hint: "End with a message of the user: an answer cannot be continued from given text.",
    });
  }
  const systemText = typeof system === "string" ? system : system?.map(({ text }) => text).join("\n");
  return {
    messages: [
      ...(systemText === undefined || systemText === "" ? [] : [{ role: "system", content: systemText }]),
      ...messages.flatMap(toChatMessages),
    ],
    addGenerationPrompt: true,
    ...(tools === undefined ? {} : { tools }),
    ...(thinking === undefined ? {} : { variables: { enable_thinking: thinking.type !== "disabled" } }),
  };
}

/** Throws `field_refused` for tools that are not the client's. */
export function anthropicChatTools({ tools }: AnthropicPromptValues): readonly ChatTool[] | undefined {
  return tools?.map(({ type, name, description, input_schema: parameters }, index) => {
    if (type !== undefined && type !== null && type !== "custom") {
      fail("field_refused", { field: `tools[${index}].type`, hint: `Tools are run by the client; ${type} is not.` });
    }
    if (parameters === undefined) {
      fail("request_invalid", { field: `tools[${index}].input_schema`, problem: "is required" });
    }
    return { type: "function", function: { name, ...(description === undefined ? {} : { description }), parameters } };
  });
}

function toChatMessages({ role, content }: Message, index: number): ChatMessage[] {
  if (typeof content === "string") return [{ role, content }];
  const field = `messages[${index}].content`;
  return role === "assistant" ? [assistantMessage(content, field)] : userMessages(content, field);
}

function assistantMessage(blocks: readonly Block[], field: string): ChatMessage {
  const texts: string[] = [];
  const thoughts: string[] = [];
  const calls: ChatToolCall[] = [];
  for (const [index, block] of blocks.entries()) {
    const at = `${field}[${index}]`;
    if (block.type === "text") texts.push(required(block.text, `${at}.text`));
    else if (block.type === "thinking") thoughts.push(required(block.thinking, `${at}.thinking`));
    else if (block.type === "tool_use") {
      calls.push({
        id: required(block.id, `${at}.id`),
        type: "function",
        function: { name: required(block.name, `${at}.name`), arguments: required(block.input, `${at}.input`) },
      });
    } else if (block.type !== "redacted_thinking") refuseBlock(block.type, at);
  }
  return {
    role: "assistant",
    content: texts.length === 0 && calls.length > 0 ? null : texts.join(""),
    ...(thoughts.length === 0 ? {} : { reasoning_content: thoughts.join("") }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

/** Tool results and runs of text, in the order given. */
function userMessages(blocks: readonly Block[], field: string): ChatMessage[] {
  const messages: ChatMessage[] = [];
  let texts: string[] = [];
  const flush = (): void => {
    if (texts.length > 0) messages.push({ role: "user", content: texts.join("\n") });
    texts = [];
  };
  for (const [index, block] of blocks.entries()) {
    const at = `${field}[${index}]`;
    if (block.type === "text") texts.push(required(block.text, `${at}.text`));
    else if (block.type === "tool_result") {
      flush();
      const content = resultText(block, at);
      messages.push({ role: "tool", content, tool_call_id: required(block.tool_use_id, `${at}.tool_use_id`) });
    } else refuseBlock(block.type, at);
  }
  flush();
  return messages;
}

/** Models know no flag of failure, so a failed result says so in its text. */
function resultText({ content = "", is_error: isError }: Block, field: string): string {
  const text =
    typeof content === "string"
      ? content
      : content
          .map((part, index) => {
            const at = `${field}.content[${index}]`;
            return part.type === "text" ? required(part.text, `${at}.text`) : refuseBlock(part.type, at);
          })
          .join("\n");
  return isError === true ? `Error: ${text}` : text;
}

function required<Value>(value: Value | undefined, field: string): Value {
  return value ?? fail("request_invalid", { field, problem: "is required" });
}

function refuseBlock(type: string, field: string): never {
  return fail("field_refused", { field: `${field}.type`, hint: `This model reads text, not ${type.slice(0, 100)}.` });
}
