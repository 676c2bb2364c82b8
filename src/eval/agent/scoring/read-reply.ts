/** What a model wrote, as text and calls. */

import type { ToolFormat } from "../../../text/tools/tool-format.ts";
import { TurnReader } from "../../../text/tools/turn-reader.ts";
import type { Json } from "../values/value.ts";

export interface ReplyCall {
  readonly name: string;
  readonly args: Readonly<Record<string, Json>>;
}

export interface Reply {
  readonly text: string;
  readonly calls: readonly ReplyCall[];
  /** It set out to call, but some call has no known name, no end, or no object for arguments. */
  readonly malformed: boolean;
}

export function readReply(output: string, format: ToolFormat, tools: ReadonlySet<string>): Reply {
  const reader = new TurnReader({ tools: { format, names: tools }, thoughts: "none" });
  const parts = [...reader.push(output), ...reader.finish(false)];
  const text = parts.flatMap((part) => (part.kind === "text" ? [part.text] : [])).join("");
  const names = parts.flatMap((part) => (part.kind === "call" ? [part.name] : []));
  const calls = names.map((name, index) => {
    const written = parts.flatMap((part) => (part.kind === "arguments" && part.index === index ? [part.text] : []));
    return { name, args: parseObject(written.join("")) };
  });
  const whole = calls.filter((call): call is ReplyCall => call.args !== null);
  // What is no call after all comes back as text, with its opening mark.
  const broken = format.open !== "" && text.includes(format.open);
  return { text: text.trim(), calls: whole, malformed: broken || reader.isCallOpen || whole.length < calls.length };
}

function parseObject(text: string): ReplyCall["args"] | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as ReplyCall["args"]) : null;
  } catch {
    return null;
  }
}
