/**
 * For templates that know no tools: they are described in words, a call is a bare object, and calls and results
 * that went before are shown as text. Only roles that every template knows are used, in the turns that some insist on.
 */

import type { ChatContentPart, ChatInput, ChatMessage, ChatTool, ChatToolCall } from "../template/types.ts";
import type { ToolFormat } from "./tool-format.ts";

export const JSON_FORMAT: ToolFormat = {
  name: "json",
  matches: () => true,
  open: "",
  bare: true,
  call: { kind: "object", argumentsKey: "arguments" },
  before: "",
  after: "",
  between: null,
  close: "",
  builtIns: [],
  opensWithControlToken: false,
  idLength: 24,
};

type Content = string | readonly ChatContentPart[];

/** The conversation with its tools, its calls and their results as text. */
export function describeTools({ tools = [], messages, ...input }: ChatInput): ChatInput {
  const said = sayCalls(messages);
  return { ...input, messages: tools.length === 0 ? said : withDescription(said, describe(tools)) };
}

function describe(tools: readonly ChatTool[]): string {
  return [
    "You can call these functions:",
    ...tools.map((tool) => JSON.stringify(tool.function)),
    'To call one, answer with nothing but {"name": its name, "arguments": an object of its parameters}.',
  ].join("\n");
}

/** In the system message; where there is none in the user's first one, as not all templates take a system message. */
function withDescription(messages: readonly ChatMessage[], text: string): readonly ChatMessage[] {
  const [first] = messages;
  if (first !== undefined && isSystem(first)) {
    return messages.with(0, { ...first, content: joined(first.content ?? "", text, "\n\n") });
  }
  const at = messages.findIndex(({ role }) => role === "user");
  const user = messages[at];
  if (user === undefined) return [{ role: "system", content: text }, ...messages];
  return messages.with(at, { ...user, content: joined(text, user.content ?? "", "\n\n") });
}

function isSystem({ role }: ChatMessage): boolean {
  return role === "system" || role === "developer";
}

function sayCalls(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const names = new Map<string | undefined, string>();
  const said: ChatMessage[] = [];
  let isAfterResult = false;
  for (const message of messages) {
    const { tool_calls: calls = [], tool_call_id: id, ...rest } = message;
    for (const call of calls) names.set(call.id, call.function.name);
    if (message.role === "tool") {
      const name = names.get(id) ?? message.name;
      const content = joined(name === undefined ? "Result:" : `Result of ${name}:`, message.content ?? "", "\n");
      addUser(said, { role: "user", content }, isAfterResult);
    } else if (message.role === "user") {
      addUser(said, message, isAfterResult);
    } else {
      said.push(calls.length === 0 ? message : { ...rest, content: withCalls(message.content ?? "", calls) });
    }
    isAfterResult = message.role === "tool";
  }
  return said;
}

/** Behind a result the message goes on in the same turn: some templates refuse two of a user one after the other. */
function addUser(said: ChatMessage[], message: ChatMessage, isAfterResult: boolean): void {
  const last = said.at(-1);
  if (!isAfterResult || last === undefined) said.push(message);
  else said[said.length - 1] = { ...last, content: joined(last.content ?? "", message.content ?? "", "\n\n") };
}

function withCalls(content: Content, calls: readonly ChatToolCall[]): Content {
  const text = calls.map(({ function: { name, arguments: given } }) => {
    const json = typeof given === "string" ? given : JSON.stringify(given);
    return `{"name": ${JSON.stringify(name)}, "arguments": ${json}}`;
  });
  return joined(content, text.join("\n"), "\n");
}

function joined(first: Content, second: Content, between: string): Content {
  if (first.length === 0) return second;
  if (second.length === 0) return first;
  if (typeof first === "string" && typeof second === "string") return first + between + second;
  return [...parts(first), ...parts(second)];
}

const parts = (content: Content): readonly ChatContentPart[] =>
  typeof content === "string" ? [{ type: "text", text: content }] : content;
