/**
 * GBNF, llama.cpp's grammar language, read into rules. Rules are separated by lines that begin another
 * one; inside parentheses lines may break anywhere.
 * Source: https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md
 */

import { fail } from "../../../base/errors.ts";
import { at } from "../../../base/invariant.ts";
import { GRAMMAR_LIMITS } from "../limits.ts";
import { type CodePointRange, ANY_CODE_POINT, complementRanges } from "../regex/code-points.ts";

export type GbnfExpression =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "set"; readonly ranges: readonly CodePointRange[] }
  | { readonly kind: "rule"; readonly name: string }
  | { readonly kind: "sequence"; readonly items: readonly GbnfExpression[] }
  | { readonly kind: "choice"; readonly options: readonly GbnfExpression[] }
  | { readonly kind: "repeat"; readonly item: GbnfExpression; readonly min: number; readonly max: number | null };

const NAME = /[A-Za-z0-9_-]+/y;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };
const HEX_ESCAPES: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** Rules by name. Throws `grammar_invalid`. */
export function parseGbnf(source: string): ReadonlyMap<string, GbnfExpression> {
  if (source.length > GRAMMAR_LIMITS.sourceBytes) {
    fail("grammar_limit", { what: "characters", limit: GRAMMAR_LIMITS.sourceBytes, limitName: "sourceBytes" });
  }
  return new GbnfParser(source).rules();
}

class GbnfParser {
  readonly #source: string;
  #position = 0;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
  }

  rules(): ReadonlyMap<string, GbnfExpression> {
    const rules = new Map<string, GbnfExpression>();
    this.#space(true);
    while (this.#position < this.#source.length) {
      const name = this.#name();
      this.#space(false);
      if (!this.#take("::=")) this.#fail(`rule ${name} needs ::= after its name`);
      this.#space(true);
      if (rules.has(name)) this.#fail(`rule ${name} is defined twice`);
      rules.set(name, this.#choice(false));
      this.#space(true);
    }
    return rules;
  }

  #choice(nested: boolean): GbnfExpression {
    this.#depth += 1;
    if (this.#depth > GRAMMAR_LIMITS.depth) this.#fail(`groups are nested more than ${GRAMMAR_LIMITS.depth} deep`);
    const options = [this.#sequence(nested)];
    while (this.#take("|")) {
      this.#space(true);
      options.push(this.#sequence(nested));
    }
    this.#depth -= 1;
    return options.length === 1 ? at(options, 0) : { kind: "choice", options };
  }

  #sequence(nested: boolean): GbnfExpression {
    const items: GbnfExpression[] = [];
    for (let item = this.#atom(); item !== null; item = this.#atom()) {
      items.push(this.#repeated(item));
      this.#space(nested);
    }
    return items.length === 1 ? at(items, 0) : { kind: "sequence", items };
  }

  /** Null at what ends a sequence. */
  #atom(): GbnfExpression | null {
    if (this.#take('"')) return { kind: "text", text: this.#text() };
    if (this.#take("[")) return { kind: "set", ranges: this.#set() };
    if (this.#take(".")) return { kind: "set", ranges: ANY_CODE_POINT };
    if (this.#take("(")) {
      this.#space(true);
      const inner = this.#choice(true);
      if (!this.#take(")")) this.#fail("a ( is not closed");
      return inner;
    }
    NAME.lastIndex = this.#position;
    return NAME.test(this.#source) ? { kind: "rule", name: this.#name() } : null;
  }

  #repeated(item: GbnfExpression): GbnfExpression {
    let whole = item;
    for (let bounds = this.#bounds(); bounds !== null; bounds = this.#bounds()) {
      whole = { kind: "repeat", item: whole, ...bounds };
    }
    return whole;
  }

  #bounds(): { readonly min: number; readonly max: number | null } | null {
    if (this.#take("*")) return { min: 0, max: null };
    if (this.#take("+")) return { min: 1, max: null };
    if (this.#take("?")) return { min: 0, max: 1 };
    const match = /^\{\s*(\d{1,9})?\s*(,\s*(\d{1,9})?\s*)?\}/.exec(
      this.#source.slice(this.#position, this.#position + 64),
    );
    if (match === null || (match[1] === undefined && match[3] === undefined)) return null;
    this.#position += match[0].length;
    const min = Number(match[1] ?? 0);
    const max = match[2] === undefined ? min : match[3] === undefined ? null : Number(match[3]);
    if (max !== null && max < min) this.#fail(`the bounds ${match[0]} are in the wrong order`);
    return { min, max };
  }

  #text(): string {
    let text = "";
    while (!this.#take('"')) text += this.#character();
    return text;
  }

  #set(): readonly CodePointRange[] {
    const negated = this.#take("^");
    const ranges: CodePointRange[] = [];
    while (!this.#take("]")) {
      const low = this.#character().codePointAt(0) ?? 0;
      const isRange = this.#source[this.#position] === "-" && this.#source[this.#position + 1] !== "]";
      if (isRange) this.#position += 1;
      const high = isRange ? (this.#character().codePointAt(0) ?? 0) : low;
      if (high < low) this.#fail("a range in [ ] is in the wrong order");
      ranges.push([low, high]);
    }
    return negated ? complementRanges(ranges) : ranges;
  }

  /** One character of a text or a set, escapes read. */
  #character(): string {
    const codePoint = this.#source.codePointAt(this.#position);
    if (codePoint === undefined || codePoint === 10) return this.#fail("a quote or bracket is not closed");
    const character = String.fromCodePoint(codePoint);
    this.#position += character.length;
    if (character !== "\\") return character;
    const escape = this.#source[this.#position] ?? "";
    this.#position += 1;
    const digits = HEX_ESCAPES[escape];
    if (digits === undefined) return ESCAPES[escape] ?? (escape === "" ? this.#fail("it ends too early") : escape);
    const hex = this.#source.slice(this.#position, this.#position + digits);
    const value = /^[0-9a-fA-F]+$/.test(hex) && hex.length === digits ? Number.parseInt(hex, 16) : Infinity;
    if (value > 0x10ffff) return this.#fail(`\\${escape} needs ${digits} hexadecimal digits of a code point`);
    this.#position += digits;
    return String.fromCodePoint(value);
  }

  #name(): string {
    NAME.lastIndex = this.#position;
    const match = NAME.exec(this.#source);
    if (match === null) return this.#fail("a rule's name is expected");
    this.#position = NAME.lastIndex;
    return match[0];
  }

  /** Passes over spaces and comments; over line ends only where `lines` may break. */
  #space(lines: boolean): void {
    for (;;) {
      const character = this.#source[this.#position];
      if (character === "#") {
        while (this.#position < this.#source.length && this.#source[this.#position] !== "\n") this.#position += 1;
      } else if (character === " " || character === "\t" || character === "\r" || (lines && character === "\n")) {
        this.#position += 1;
      } else {
        return;
      }
    }
  }

  #take(text: string): boolean {
    if (!this.#source.startsWith(text, this.#position)) return false;
    this.#position += text.length;
    return true;
  }

  #fail(problem: string): never {
    const line = this.#source.slice(0, this.#position).split("\n").length;
    return fail("grammar_invalid", { language: "GBNF grammar", problem: `line ${line}: ${problem}.` });
  }
}
