/** What makes two messages the same to a conversation, however a client wrote them. */

import { createHash } from "node:crypto";
import type { ChatContentPart, ChatMessage } from "../text/template/types.ts";
import type { ConversationFrame } from "./turn.ts";

/**
 * A hash for each beginning of a conversation: index i stands for the frame and the first i messages. Each
 * is chained from the one before it.
 */
export function prefixHashes(frame: ConversationFrame, messages: readonly ChatMessage[]): string[] {
  const hashes = [hash("", { tools: frame.tools ?? [], variables: frame.variables ?? {} })];
  for (const message of messages) hashes.push(hash(hashes.at(-1) ?? "", canonicalMessage(message)));
  return hashes;
}

function canonicalMessage({ role, content, name, tool_calls: calls, tool_call_id: callId }: ChatMessage): object {
  const text = typeof content === "string" ? content : (content ?? []).map(textOf).join("\n");
  return {
    role,
    text,
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

function hash(previous: string, value: unknown): string {
  return createHash("sha256").update(previous).update(JSON.stringify(value, sortedKeys)).digest("base64url");
}

/** The order of an object's fields means nothing. */
function sortedKeys(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1)));
}
