/** The parts of an answer as chat completions write them: content, reasoning_content and tool_calls. */

import type { TurnPart } from "../../text/tools/tool-call-parser.ts";
import type { ChatAnswerMessage, ChatChunkChoice, ToolCallDelta } from "../answers/chat-answers.ts";
import type { AnswerReader } from "../answer-reader.ts";
import type { CallIds } from "../conversation/call-ids.ts";
import { type ChoiceOutput, isCut } from "../observe-generation.ts";

/** What an answer's text adds to a message. */
export type TurnDelta = Pick<ChatChunkChoice["delta"], "content" | "reasoning_content" | "tool_calls">;

/** What `parts` add to a message, in one delta; null where they add nothing. */
export function turnDelta(parts: readonly TurnPart[], ids: CallIds): TurnDelta | null {
  const joined = (kind: "text" | "reasoning"): string =>
    parts.map((part) => (part.kind === kind ? part.text : "")).join("");
  const content = joined("text");
  const reasoning = joined("reasoning");
  const calls = new Map<number, ToolCallDelta>();
  for (const part of parts) {
    if (part.kind === "call") {
      const { index, name } = part;
      calls.set(index, { index, id: ids.of(index), type: "function", function: { name, arguments: "" } });
    } else if (part.kind === "arguments") {
      const known = calls.get(part.index) ?? { index: part.index, function: { arguments: "" } };
      const longer = { ...known.function, arguments: known.function.arguments + part.text };
      calls.set(part.index, { ...known, function: longer });
    }
  }
  if (content === "" && reasoning === "" && calls.size === 0) return null;
  return {
    ...(content === "" ? {} : { content }),
    ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
    ...(calls.size === 0 ? {} : { tool_calls: [...calls.values()] }),
  };
}

/** What an answer that has ended adds to a message; a call without its end is marked. */
export function lastDelta(reader: AnswerReader, cut: boolean, ids: CallIds): TurnDelta {
  const delta = turnDelta(reader.finish(cut), ids) ?? {};
  if (!reader.isCallOpen) return delta;
  const mark: ToolCallDelta = { index: reader.calls - 1, function: { arguments: "" }, incomplete: true };
  return { ...delta, tool_calls: [...(delta.tool_calls ?? []), mark] };
}

/** A whole message; a call without its end is marked. */
export function turnMessage(reader: AnswerReader, output: ChoiceOutput, ids: CallIds): ChatAnswerMessage {
  const parts = output.deltas.flatMap((delta) => reader.push(delta));
  const delta = turnDelta([...parts, ...reader.finish(isCut(output))], ids) ?? {};
  const calls = delta.tool_calls?.map(({ index, function: { name = "", arguments: text } }) => ({
    id: ids.of(index),
    type: "function" as const,
    function: { name, arguments: text },
    ...(reader.isCallOpen && index === reader.calls - 1 ? { incomplete: true as const } : {}),
  }));
  return {
    role: "assistant",
    content: delta.content ?? (calls === undefined ? "" : null),
    refusal: null,
    ...(delta.reasoning_content === undefined ? {} : { reasoning_content: delta.reasoning_content }),
    ...(calls === undefined ? {} : { tool_calls: calls }),
  };
}
