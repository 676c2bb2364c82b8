/**
 * Reads the calls out of an answer as it comes: text, then for each call its name and its arguments piece
 * by piece. Never fails: what is no call after all is given back as text.
 */

import { type CallBody, idLength, readHead } from "./call-heads.ts";
import type { ToolFormat } from "./tool-format.ts";

export type TurnPart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "reasoning"; readonly text: string }
  | { readonly kind: "call"; readonly index: number; readonly name: string }
  /** A piece of the call's arguments; all pieces of one call are the JSON of an object. */
  | { readonly kind: "arguments"; readonly index: number; readonly text: string };

export class ToolCallParser {
  readonly #format: ToolFormat;
  readonly #tools: ReadonlySet<string>;
  #mode: "start" | "text" | "head" | "arguments" | "tail" = "start";
  /** Not yet decided. */
  #buffer = "";
  /** What introduced the call in `#buffer`, to be given back with it. */
  #opening = "";
  #calls = 0;
  /** Of the last call. */
  #body: CallBody | null = null;
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

  /** The answer is over, by its own end or `cut` off: what was held back is text. */
  finish(cut: boolean): readonly TurnPart[] {
    const parts: TurnPart[] = [];
    if (this.#mode === "arguments" && this.#body?.kind === "raw" && !cut) {
      parts.push(this.#argumentsPart(this.#body.after));
      this.#mode = "tail";
    }
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
    this.#mode = this.#format.bare && trimmed.startsWith("{") ? "head" : "text";
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
    const head = readHead(this.#buffer, this.#format, this.#tools, this.#opening !== "");
    if (head === "wait") return false;
    if (head === null) {
      this.#giveText(parts, this.#opening);
      this.#opening = "";
      this.#mode = "text";
      return true;
    }
    parts.push({ kind: "call", index: this.#calls, name: head.name });
    this.#calls += 1;
    this.#body = head.body;
    if (head.body.before !== "") parts.push(this.#argumentsPart(head.body.before));
    this.#buffer = this.#buffer.slice(head.length);
    this.#opening = "";
    this.#mode = "arguments";
    return true;
  }

  #arguments(parts: TurnPart[]): boolean {
    if (this.#body?.kind === "raw") {
      parts.push(this.#argumentsPart(JSON.stringify(this.#buffer).slice(1, -1)));
      this.#buffer = "";
      return false;
    }
    let end = 0;
    while (end < this.#buffer.length && this.#scan(this.#buffer[end] ?? "")) end += 1;
    const closed = end < this.#buffer.length;
    const text = this.#buffer.slice(0, closed ? end + 1 : end);
    this.#buffer = this.#buffer.slice(text.length);
    const whole = closed ? text + (this.#body?.after ?? "") : text;
    if (whole !== "") parts.push(this.#argumentsPart(whole));
    if (closed) this.#mode = "tail";
    return closed;
  }

  #argumentsPart(text: string): TurnPart {
    return { kind: "arguments", index: this.#calls - 1, text };
  }

  /** False at the bracket or quote that closes the value. */
  #scan(character: string): boolean {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (character === "\\") this.#escaped = true;
      else if (character === '"') this.#inString = false;
      return this.#inString || this.#depth > 0;
    }
    if (character === '"') {
      this.#inString = true;
      return true;
    }
    if (character === "{" || character === "[") this.#depth += 1;
    else if (character === "}" || character === "]") this.#depth -= 1;
    return this.#depth > 0;
  }

  /** After the arguments: the end of the call and of what is around it, or the next call. */
  #tail(): boolean {
    const { between, close } = this.#format;
    const behind = this.#buffer.trimStart();
    const id = idLength(behind);
    if (id === "wait") return false;
    const rest = behind.slice(id);
    const ends = this.#body?.ends ?? [];
    const end = ends.find((candidate) => rest.startsWith(candidate));
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
