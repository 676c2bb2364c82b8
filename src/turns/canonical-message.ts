/** What makes two messages the same to a conversation, however a client wrote them. */

import { createHash } from "node:crypto";
import type { ChatContentPart, ChatMessage, ChatTool } from "../text/template/types.ts";
import type { ConversationFrame } from "./turn.ts";

/** Messages and tools are immutable, and those of a remembered turn are asked for again and again. */
const keys = new WeakMap<ChatMessage | ChatTool, string>();

/** Equal for messages that say the same. */
export function messageKey(message: ChatMessage): string {
  return knownKey(message, () => {
    const { text, ...rest } = canonicalMessage(message);
    return hash("", rest, text);
  });
}

/** Equal for tools that are the same; the order of their fields means nothing. */
export function toolKey(tool: ChatTool): string {
  return knownKey(tool, () => hash("", tool));
}

function knownKey(value: ChatMessage | ChatTool, makeKey: () => string): string {
  const known = keys.get(value);
  if (known !== undefined) return known;
  const key = makeKey();
  keys.set(value, key);
  return key;
}

/**
 * A hash for each beginning of a conversation: index i stands for the frame and the first i messages. Each
 * is chained from the one before it.
 */
export function prefixHashes(frame: ConversationFrame, messages: readonly ChatMessage[]): string[] {
  const hashes = [frameKey(frame)];
  for (const message of messages) hashes.push(hash(hashes.at(-1) ?? "", messageKey(message)));
  return hashes;
}

/** Equal for frames that are the same. */
export function frameKey({ tools = [], variables = {} }: ConversationFrame): string {
  return hash("", { tools: tools.map(toolKey), variables });
}

/** A message's text, as far as it has one. */
export function textOfMessage({ content }: ChatMessage): string {
  return typeof content === "string" ? content : (content ?? []).map(textOf).join("\n");
}

function canonicalMessage(message: ChatMessage) {
  const { role, name, tool_calls: calls, tool_call_id: callId } = message;
  const text = textOfMessage(message);
  return {
    role,
    // Clients drop the line ends around a reply's calls, and templates trim them.
    text: role === "assistant" ? text.trim() : text,
    name: name ?? null,
    // A reply's call ids are the server's own and say nothing of its content.
    calls: (calls ?? []).map((call) => [call.function.name, parsedArguments(call.function.arguments)]),
    callId: callId ?? null,
  };
}

function textOf(part: ChatContentPart): string {
  return typeof part["text"] === "string" ? part["text"] : JSON.stringify(part);
}

/** Arguments as the values they stand for: clients may write their JSON anew. */
function parsedArguments(given: string | Readonly<Record<string, unknown>>): unknown {
  if (typeof given !== "string") return given;
  try {
    return JSON.parse(given) as unknown;
  } catch {
    return given;
  }
}

/**
 * `text` stands behind the value as it is, since to write a megabyte as JSON takes longer than to hash it. Half of a
 * surrogate pair is U+FFFD there, as it is to the tokeniser.
 */
function hash(previous: string, value: unknown, text = ""): string {
  const json = JSON.stringify(value, sortedKeys);
  return createHash("sha256").update(previous).update(json).update(text).digest("base64url");
}

/** The order of an object's fields means nothing. */
function sortedKeys(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1)));
}
