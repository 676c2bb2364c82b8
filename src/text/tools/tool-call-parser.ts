/**
 * Reads the calls out of an answer as it comes: text, then for each call its name and its arguments piece
 * by piece. Never fails: what is no call after all is given back as text.
 */

import type { ToolFormat } from "./tool-format.ts";

export type TurnPart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "reasoning"; readonly text: string }
  | { readonly kind: "call"; readonly index: number; readonly name: string }
  /** A piece of the call's arguments; all pieces of one call are the JSON of an object. */
  | { readonly kind: "arguments"; readonly index: number; readonly text: string };

/** What a call begins with; its parts are looked for only this far. */
const MAX_HEAD = 1024;
const HEAD = /^\s*\[?\s*\{\s*"name"\s*:\s*("(?:[^"\\]|\\.)*")\s*,\s*"(?:arguments|parameters)"\s*:\s*(?=\{)/;
const HEAD_START = '{"name":"';

export class ToolCallParser {
  readonly #format: ToolFormat;
  readonly #tools: ReadonlySet<string>;
  #mode: "start" | "text" | "head" | "arguments" | "tail" = "start";
  /** Not yet decided. */
  #buffer = "";
  /** What introduced the call in `#buffer`, to be given back with it. */
  #opening = "";
  #calls = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;

  constructor(format: ToolFormat, tools: ReadonlySet<string>) {
    this.#format = format;
    this.#tools = tools;
  }

  /** Calls begun. */
  get calls(): number {
    return this.#calls;
  }

  /** Inside a call's arguments. */
  get isOpen(): boolean {
    return this.#mode === "arguments";
  }

  push(text: string): readonly TurnPart[] {
    this.#buffer += text;
    const parts: TurnPart[] = [];
    while (this.#advance(parts));
    return parts;
  }

  /** The answer is over: what was held back is text. */
  finish(): readonly TurnPart[] {
    const parts: TurnPart[] = [];
    if (this.#mode !== "tail" && this.#mode !== "arguments") this.#giveText(parts, this.#opening + this.#buffer);
    this.#buffer = "";
    this.#opening = "";
    return parts;
  }

  /** One step; false where more text is needed. */
  #advance(parts: TurnPart[]): boolean {
    if (this.#buffer === "") return false;
    switch (this.#mode) {
      case "start":
        return this.#start();
      case "text":
        return this.#text(parts);
      case "head":
        return this.#head(parts);
      case "arguments":
        return this.#arguments(parts);
      case "tail":
        return this.#tail();
      default:
        return this.#mode satisfies never;
    }
  }

  /** A bare call can only stand at the beginning. */
  #start(): boolean {
    const trimmed = this.#buffer.trimStart();
    if (trimmed === "") return false;
    const { open } = this.#format;
    if (open !== "" && open.startsWith(trimmed) && open.length > trimmed.length) return false;
    this.#mode = this.#format.before === "" && trimmed.startsWith("{") ? "head" : "text";
    return true;
  }

  #text(parts: TurnPart[]): boolean {
    const { open } = this.#format;
    const found = open === "" ? -1 : this.#buffer.indexOf(open);
    if (found >= 0) {
      const before = this.#buffer.slice(0, found);
      // White space between two calls belongs to neither.
      if (before.trim() !== "" || this.#calls === 0) this.#giveText(parts, before);
      this.#buffer = this.#buffer.slice(found + open.length);
      this.#opening = open;
      this.#mode = "head";
      return true;
    }
    const held = heldBack(this.#buffer, open);
    const certain = this.#buffer.slice(0, this.#buffer.length - held);
    if (this.#calls > 0 && certain.trim() === "") return false;
    this.#giveText(parts, certain);
    this.#buffer = this.#buffer.slice(certain.length);
    return false;
  }

  #head(parts: TurnPart[]): boolean {
    const match = HEAD.exec(this.#buffer);
    const name = match === null ? null : parseName(match[1] ?? "");
    if (match !== null && name !== null && this.#tools.has(name)) {
      parts.push({ kind: "call", index: this.#calls, name });
      this.#calls += 1;
      this.#buffer = this.#buffer.slice(match[0].length);
      this.#opening = "";
      this.#mode = "arguments";
      return true;
    }
    if (match === null && mayBecomeHead(this.#buffer)) return false;
    this.#giveText(parts, this.#opening);
    this.#opening = "";
    this.#mode = "text";
    return true;
  }

  #arguments(parts: TurnPart[]): boolean {
    let end = 0;
    while (end < this.#buffer.length && this.#scan(this.#buffer[end] ?? "")) end += 1;
    const closed = end < this.#buffer.length;
    const text = this.#buffer.slice(0, closed ? end + 1 : end);
    if (text !== "") parts.push({ kind: "arguments", index: this.#calls - 1, text });
    this.#buffer = this.#buffer.slice(text.length);
    if (closed) this.#mode = "tail";
    return closed;
  }

  /** False at the bracket that closes the arguments. */
  #scan(character: string): boolean {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (character === "\\") this.#escaped = true;
      else if (character === '"') this.#inString = false;
      return true;
    }
    if (character === '"') this.#inString = true;
    else if (character === "{" || character === "[") this.#depth += 1;
    else if (character === "}" || character === "]") this.#depth -= 1;
    return this.#depth > 0;
  }

  /** After the arguments: the end of the call's object and of what is around it, or the next call. */
  #tail(): boolean {
    const { after, between, close } = this.#format;
    const rest = this.#buffer.trimStart();
    const ends = [`}${after}`, "}"].map((end) => end.trimEnd());
    const end = ends.find((candidate) => rest.startsWith(candidate.trimStart()));
    const missing = ends.some((candidate) => candidate.startsWith(rest) && candidate.length > rest.length);
    if (end === undefined || missing) {
      if (missing) return false;
      this.#mode = "text";
      return true;
    }
    const next = rest.slice(end.length);
    if (between === ", " && next.trimStart().startsWith(",")) {
      this.#buffer = next.trimStart().slice(1);
      this.#mode = "head";
      return true;
    }
    if (close !== "" && next.trim() === "") return false;
    this.#buffer = close !== "" && next.trimStart().startsWith(close) ? next.trimStart().slice(close.length) : next;
    this.#mode = "text";
    return true;
  }

  #giveText(parts: TurnPart[], text: string): void {
    if (text !== "") parts.push({ kind: "text", text });
  }
}

/** How many characters at the end of `text` may be the beginning of `mark`. */
export function heldBack(text: string, mark: string): number {
  for (let length = Math.min(text.length, mark.length - 1); length > 0; length -= 1) {
    if (text.endsWith(mark.slice(0, length))) return length;
  }
  return 0;
}

function mayBecomeHead(buffer: string): boolean {
  if (buffer.length > MAX_HEAD) return false;
  const dense = buffer.replaceAll(/\s/g, "").replace(/^\[/, "").slice(0, HEAD_START.length);
  return HEAD_START.startsWith(dense);
}

function parseName(json: string): string | null {
  try {
    return String(JSON.parse(json));
  } catch {
    return null;
  }
}
