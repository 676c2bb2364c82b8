/**
 * A template's source as tokens, with the white space around tags already taken away as trim_blocks and
 * lstrip_blocks ask, which is how apply_chat_template sets Jinja up.
 * Source: https://jinja.palletsprojects.com/en/stable/templates/#whitespace-control
 */

import { at } from "../../base/invariant.ts";
import { JinjaSyntaxError } from "./syntax-error.ts";

export type Token =
  | { readonly kind: "text"; readonly value: string; readonly line: number }
  /** {{ }} {% %} and operators. */
  | { readonly kind: "symbol"; readonly value: string; readonly line: number }
  | { readonly kind: "name"; readonly value: string; readonly line: number }
  | { readonly kind: "string"; readonly value: string; readonly line: number }
  | { readonly kind: "integer" | "float"; readonly value: number; readonly line: number };

const TAG = /\{([{%#])([-+]?)/g;
const RAW = /\s*raw\s*([-+]?)%\}/y;
const END_RAW = /\{%([-+]?)\s*endraw\s*([-+]?)%\}/g;
const SPACE = /\s+/y;
const FLOAT = /(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy;
const INTEGER = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy;
const NAME = /[\p{L}_][\p{L}\p{M}\p{N}_]*/uy;
const STRING = /'[^'\\]*(?:\\[^][^'\\]*)*'|"[^"\\]*(?:\\[^][^"\\]*)*"/y;
const OPERATOR = /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}<>=.:|,;]/y;

/** Throws JinjaSyntaxError. Linear in the source's length. */
export function tokenize(source: string): readonly Token[] {
  return new Lexer(source.replace(/\r\n?/g, "\n").replace(/\n$/, "")).run();
}

class Lexer {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  #position = 0;
  #line = 1;
  #lineAt = 0;

  constructor(source: string) {
    this.#source = source;
  }

  run(): readonly Token[] {
    while (this.#position < this.#source.length) {
      TAG.lastIndex = this.#position;
      const tag = TAG.exec(this.#source);
      if (tag === null) {
        this.#pushText(this.#source.slice(this.#position));
        break;
      }
      this.#textBefore(tag.index, at(tag, 1) !== "{", at(tag, 2));
      this.#position = tag.index + tag[0].length;
      if (at(tag, 1) === "#") this.#comment();
      else if (at(tag, 1) === "{") this.#code("{{", "}}");
      else if (!this.#raw()) this.#code("{%", "%}");
    }
    return this.#tokens;
  }

  /** The text up to a tag at `end`; a block alone in its line takes the space before it along. */
  #textBefore(end: number, isBlock: boolean, sign: string): void {
    const text = this.#source.slice(this.#position, end);
    if (sign === "-") return this.#pushText(text.trimEnd());
    const lineStart = text.lastIndexOf("\n") + 1;
    const startsLine = lineStart > 0 || this.#position === 0 || this.#source[this.#position - 1] === "\n";
    const strips = isBlock && sign !== "+" && startsLine && text.slice(lineStart).trim() === "";
    return this.#pushText(strips ? text.slice(0, lineStart) : text);
  }

  #pushText(value: string): void {
    if (value !== "") this.#push("text", value);
  }

  #push(kind: "text" | "symbol" | "name" | "string", value: string): void {
    this.#tokens.push({ kind, value, line: this.#lineNow() });
  }

  /** Counts on from where it was asked last. */
  #lineNow(): number {
    for (let index = this.#source.indexOf("\n", this.#lineAt); index >= 0 && index < this.#position;) {
      this.#line += 1;
      this.#lineAt = index + 1;
      index = this.#source.indexOf("\n", this.#lineAt);
    }
    return this.#line;
  }

  #comment(): void {
    const end = this.#source.indexOf("#}", this.#position);
    if (end < 0) this.#fail("Missing end of comment tag");
    const sign = end > this.#position ? (this.#source[end - 1] ?? "") : "";
    this.#position = end + 2;
    this.#afterBlock(sign);
  }

  /** White space after a block or comment: all of it, or the first newline. */
  #afterBlock(sign: string): void {
    if (sign === "-") this.#skipSpace();
    else if (sign !== "+" && this.#source[this.#position] === "\n") this.#position += 1;
  }

  #skipSpace(): void {
    this.#match(SPACE);
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#position;
    const found = pattern.exec(this.#source);
    if (found !== null) this.#position += found[0].length;
    return found;
  }

  #raw(): boolean {
    const start = this.#match(RAW);
    if (start === null) return false;
    this.#afterBlock(at(start, 1));
    END_RAW.lastIndex = this.#position;
    const end = END_RAW.exec(this.#source);
    if (end === null) return this.#fail("Missing end of raw directive");
    this.#textBefore(end.index, true, at(end, 1));
    this.#position = end.index + end[0].length;
    this.#afterBlock(at(end, 2));
    return true;
  }

  /** Tokens between `open`, which was passed, and `close`. */
  #code(open: string, close: string): void {
    this.#push("symbol", open);
    const brackets: string[] = [];
    for (;;) {
      this.#skipSpace();
      if (this.#position >= this.#source.length) this.#fail(`unexpected end of template, expected '${close}'`);
      if (brackets.length === 0 && this.#close(close)) return;
      this.#codeToken(brackets);
    }
  }

  #close(close: string): boolean {
    const sign = this.#source[this.#position] ?? "";
    const hasSign =
      (sign === "-" || (sign === "+" && close === "%}")) && this.#source.startsWith(close, this.#position + 1);
    if (!hasSign && !this.#source.startsWith(close, this.#position)) return false;
    this.#push("symbol", close);
    this.#position += close.length + (hasSign ? 1 : 0);
    if (close === "%}") this.#afterBlock(hasSign ? sign : "");
    else if (hasSign) this.#skipSpace();
    return true;
  }

  #codeToken(brackets: string[]): void {
    const line = this.#lineNow();
    // After a dot a number is an index, as in "a.0.1".
    const afterDot = this.#source[this.#position - 1] === ".";
    const float = afterDot ? null : this.#match(FLOAT);
    if (float !== null) {
      this.#tokens.push({ kind: "float", value: Number(float[0].replaceAll("_", "")), line });
      return;
    }
    const integer = this.#match(INTEGER);
    if (integer !== null) {
      this.#tokens.push({ kind: "integer", value: Number(integer[0].replaceAll("_", "")), line });
      return;
    }
    const name = this.#match(NAME);
    if (name !== null) return this.#push("name", name[0]);
    const string = this.#match(STRING);
    if (string !== null) return this.#push("string", unescape(string[0].slice(1, -1)));
    const operator = this.#match(OPERATOR);
    if (operator === null) return this.#fail(`unexpected char ${JSON.stringify(this.#source[this.#position])}`);
    this.#balance(operator[0], brackets);
    return this.#push("symbol", operator[0]);
  }

  #balance(operator: string, brackets: string[]): void {
    const closing = CLOSING[operator];
    if (closing !== undefined) brackets.push(closing);
    if (!")]}".includes(operator)) return;
    const open = brackets.pop();
    if (open === undefined) this.#fail(`unexpected '${operator}'`);
    if (open !== operator) this.#fail(`unexpected '${operator}', expected '${open}'`);
  }

  #fail(message: string): never {
    throw new JinjaSyntaxError(message, this.#lineNow());
  }
}

const CLOSING: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

const ESCAPES: Readonly<Record<string, string>> = {
  "\n": "",
  "\\": "\\",
  "'": "'",
  '"': '"',
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** Python's escapes; one that is none stays as it is, backslash and all. */
function unescape(text: string): string {
  const escape = /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([^]))/g;
  return text.replace(escape, (whole, octal?: string, x?: string, u?: string, long?: string, other?: string) => {
    const hex = x ?? u ?? long;
    if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
    if (hex !== undefined) return fromCodePoint(Number.parseInt(hex, 16)) ?? whole;
    return ESCAPES[other ?? ""] ?? whole;
  });
}

function fromCodePoint(point: number): string | null {
  return point <= 0x10ffff ? String.fromCodePoint(point) : null;
}
