/** What a tool call begins with, in each form that a family may write: recognised as the text comes. */

import type { BuiltInTool, ToolFormat } from "./tool-format.ts";

export interface CallHead {
  readonly name: string;
  /** Characters before the arguments. */
  readonly length: number;
  readonly body: CallBody;
}

/** How the arguments stand after the head, and what follows them. */
export interface CallBody {
  /** "json": one JSON value; "raw": all text up to the end of the answer, the value of a string. */
  readonly kind: "json" | "raw";
  /** What makes the JSON of an object of it. */
  readonly before: string;
  readonly after: string;
  /** What ends the call behind a JSON value, the longest first. */
  readonly ends: readonly string[];
}

/** A call begins within this many characters or not at all. */
const MAX_HEAD = 1024;
const MAX_ID = 64;
const OBJECT_HEAD = /^\s*\[?\s*\{\s*"name"\s*:\s*("(?:[^"\\]|\\.)*")\s*,\s*"(?:arguments|parameters)"\s*:\s*(?=\{)/;
const OBJECT_START = '{"name":"';
/** What a bare call begins with, but for white space. */
export const BARE_SIGN = '{"name"';
const BARE_HEAD = /^\s*\{\s*"name"/;
/** The model may write an id of its own, which says nothing. */
const MARKED_HEAD = /^\s*([\w.-]+)(?:\[CALL_ID\]\w*)?\[ARGS\]\s*(?=\{)/;
const MARKED_START = /^\s*[\w.-]*(?:\[[A-Z_]*(?:\]\w*(?:\[[A-Z]*(?:\]\s*)?)?)?)?$/;

/**
 * The head that `buffer` begins with; "wait" where more text may make one; null where none comes. `opened`:
 * the format's mark stands before it.
 */
export function readHead(
  buffer: string,
  format: ToolFormat,
  tools: ReadonlySet<string>,
  opened: boolean,
): CallHead | "wait" | null {
  const head = format.call.kind === "object" ? objectHead(buffer, format) : markedHead(buffer);
  if (head === "wait") return buffer.length > MAX_HEAD ? null : head;
  if (head !== null) return tools.has(head.name) ? head : null;
  const builtIns = opened ? format.builtIns.filter(({ name }) => tools.has(name)) : [];
  return builtIns.length === 0 ? null : builtInHead(buffer, builtIns);
}

function objectHead(buffer: string, { after }: ToolFormat): CallHead | "wait" | null {
  const match = OBJECT_HEAD.exec(buffer);
  if (match === null) {
    const dense = buffer.replaceAll(/\s/g, "").replace(/^\[/, "").slice(0, OBJECT_START.length);
    return OBJECT_START.startsWith(dense) ? "wait" : null;
  }
  const name = parseName(match[1] ?? "");
  if (name === null) return null;
  const ends = [`}${after}`, "}"].map((end) => end.trim());
  return { name, length: match[0].length, body: { kind: "json", before: "", after: "", ends } };
}

function markedHead(buffer: string): CallHead | "wait" | null {
  const match = MARKED_HEAD.exec(buffer);
  if (match === null) return MARKED_START.test(buffer) ? "wait" : null;
  const body = { kind: "json", before: "", after: "", ends: [""] } as const;
  return { name: match[1] ?? "", length: match[0].length, body };
}

function builtInHead(buffer: string, builtIns: readonly BuiltInTool[]): CallHead | "wait" | null {
  const text = buffer.trimStart();
  if (text === "") return "wait";
  for (const { name, parameter } of builtIns.filter(({ form }) => form === "call")) {
    const start = `${callStart(name)}${parameter}=`;
    if (text.startsWith(`${start}"`)) {
      const length = buffer.length - text.length + start.length;
      return { name, length, body: { kind: "json", before: `{"${parameter}": `, after: "}", ends: [")"] } };
    }
    if (`${start}"`.startsWith(text)) return "wait";
  }
  const raw = builtIns.find(({ form }) => form === "raw");
  if (raw === undefined || text.startsWith("{")) return null;
  const body = { kind: "raw", before: `{"${raw.parameter}": "`, after: '"}', ends: [] } as const;
  return { name: raw.name, length: 0, body };
}

const OBJECT_ID = /^,\s*"id"\s*:\s*"\w*"\s*(?=\})/;
const OBJECT_ID_START = /^,(?:"|"i|"id|"id"|"id":|"id":"\w*"?)?$/;

/**
 * Characters of an id between the arguments and the object's end, as the model may write one of its own;
 * "wait" where more text may make one.
 */
export function idLength(text: string): number | "wait" {
  const match = OBJECT_ID.exec(text);
  if (match !== null) return match[0].length;
  return text.length < MAX_ID && OBJECT_ID_START.test(text.replaceAll(/\s/g, "")) ? "wait" : 0;
}

/**
 * Characters of the sign of a bare call that `answer` begins with; "wait" where more text may make one, null where
 * none comes.
 */
export function bareSignLength(answer: string): number | "wait" | null {
  const match = BARE_HEAD.exec(answer);
  if (match !== null) return match[0].length;
  return answer.length <= MAX_HEAD && BARE_SIGN.startsWith(answer.replaceAll(/\s/g, "")) ? "wait" : null;
}

/** What a built-in call begins with. */
export const callStart = (name: string): string => `${name}.call(`;

function parseName(json: string): string | null {
  try {
    return String(JSON.parse(json));
  } catch {
    return null;
  }
}
