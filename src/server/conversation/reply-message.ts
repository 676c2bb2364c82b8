/** An answer as the message that its client will send back, whatever API it came by. */

import type { ChatMessage } from "../../text/template/types.ts";
import type { TurnReader } from "../../text/tools/turn-reader.ts";
import type { CallIds } from "./call-ids.ts";

interface ReadCall {
  readonly name: string;
  arguments: string;
}

/** `reader` is fresh; null where all of `text` is content. `cut`: a limit ended the answer. */
export function replyMessage(reader: TurnReader | null, text: string, ids: CallIds, cut: boolean): ChatMessage {
  if (reader === null) return { role: "assistant", content: text };
  let content = "";
  let reasoning = "";
  const calls: ReadCall[] = [];
  for (const part of [...reader.push(text), ...reader.finish(cut)]) {
    if (part.kind === "text") content += part.text;
    else if (part.kind === "reasoning") reasoning += part.text;
    else if (part.kind === "call") calls.push({ name: part.name, arguments: "" });
    else {
      const call = calls[part.index];
      if (call !== undefined) call.arguments += part.text;
    }
  }
  return {
    role: "assistant",
    content: content === "" && calls.length > 0 ? null : content,
    ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
    ...(calls.length === 0
      ? {}
      : { tool_calls: calls.map((call, index) => ({ id: ids.of(index), type: "function", function: call })) }),
  };
}
