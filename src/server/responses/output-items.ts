/** The items that a response's output is made of, one for each segment of the answer. */

import { randomUUID } from "node:crypto";
import type { OutputItem, OutputText, ReasoningText } from "../answers/response-answers.ts";
import type { CallIds } from "../conversation/call-ids.ts";
import type { Segment } from "../turn-segments.ts";

/** What an item is known by while it comes. */
export interface ItemIds {
  readonly id: string;
  /** Of a call: what its result will name. */
  readonly callId: string;
}

const PREFIXES: Readonly<Record<Segment["kind"], string>> = { text: "msg", reasoning: "rs", call: "fc" };

export function newItemIds({ kind, call }: Segment, calls: CallIds): ItemIds {
  return { id: `${PREFIXES[kind]}_${hex()}`, callId: call < 0 ? "" : calls.of(call) };
}

const hex = (): string => randomUUID().replaceAll("-", "");

/** The item with the text that came so far; `status` "in_progress" shows it empty, as it opens. */
export function outputItem(
  { kind, name, text }: Segment,
  { id, callId }: ItemIds,
  status: OutputItem["status"],
): OutputItem {
  const opening = status === "in_progress";
  switch (kind) {
    case "text":
      return { type: "message", id, status, role: "assistant", content: opening ? [] : [outputText(text)] };
    case "reasoning":
      return { type: "reasoning", id, status, summary: [], content: opening ? [] : [reasoningText(text)] };
    case "call":
      return { type: "function_call", id, call_id: callId, status, name, arguments: opening ? "" : text };
    default:
      return kind satisfies never;
  }
}

/** The only part of an item's content; null for calls, which have none. */
export function contentPart(kind: Segment["kind"], text: string): OutputText | ReasoningText | null {
  if (kind === "text") return outputText(text);
  return kind === "reasoning" ? reasoningText(text) : null;
}

export function outputText(text: string): OutputText {
  return { type: "output_text", text, annotations: [], logprobs: [] };
}

const reasoningText = (text: string): ReasoningText => ({ type: "reasoning_text", text });
