/**
 * ECMAScript regular expressions, as JSON Schema's `pattern` uses them, read into a tree. What no
 * automaton can do (look-around, back-references, word boundaries) is refused by name.
 * Source: ECMA-262, section 22.2.1.
 */

import { fail } from "../../../base/errors.ts";
import { at } from "../../../base/invariant.ts";
import { GRAMMAR_LIMITS } from "../limits.ts";
import { type CodePointRange, complementRanges } from "./code-points.ts";
import { DIGITS, LINE_ENDS, SPACES, WORD_CHARACTERS, propertyRanges } from "./character-classes.ts";

export type Pattern =
  | { readonly kind: "set"; readonly ranges: readonly CodePointRange[] }
  | { readonly kind: "sequence"; readonly items: readonly Pattern[] }
  | { readonly kind: "choice"; readonly options: readonly Pattern[] }
  | { readonly kind: "repeat"; readonly item: Pattern; readonly min: number; readonly max: number | null }
  | { readonly kind: "start" | "end" };

/** Throws `grammar_invalid`. */
export function parsePattern(source: string): Pattern {
  return new PatternParser(source).parse();
}

const CONTROL_ESCAPES: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, 0: 0 };

class PatternParser {
  readonly #source: string;
  readonly #characters: readonly string[];
  #position = 0;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
    this.#characters = Array.from(source);
  }

  parse(): Pattern {
    const pattern = this.#choice();
    if (this.#position < this.#characters.length) this.#fail("a ) has no (");
    return pattern;
  }

  #choice(): Pattern {
    this.#depth += 1;
    if (this.#depth > GRAMMAR_LIMITS.depth) this.#fail(`groups are nested more than ${GRAMMAR_LIMITS.depth} deep`);
    const options = [this.#sequence()];
    while (this.#take("|")) options.push(this.#sequence());
    this.#depth -= 1;
    return options.length === 1 ? at(options, 0) : { kind: "choice", options };
  }

  #sequence(): Pattern {
    const items: Pattern[] = [];
    for (let next = this.#peek(); next !== undefined && next !== "|" && next !== ")"; next = this.#peek()) {
      items.push(this.#quantified(this.#atom()));
    }
    return items.length === 1 ? at(items, 0) : { kind: "sequence", items };
  }

  #quantified(item: Pattern): Pattern {
    const bounds = this.#bounds();
    if (bounds === null) return item;
    if (item.kind === "start" || item.kind === "end") this.#fail("an anchor cannot be repeated");
    // A lazy quantifier matches the same texts.
    this.#take("?");
    return { kind: "repeat", item, ...bounds };
  }

  #bounds(): { readonly min: number; readonly max: number | null } | null {
    if (this.#take("*")) return { min: 0, max: null };
    if (this.#take("+")) return { min: 1, max: null };
    if (this.#take("?")) return { min: 0, max: 1 };
    if (this.#peek() !== "{") return null;
    const match = /^\{(\d{1,9})(,(\d{0,9}))?\}/.exec(
      this.#characters.slice(this.#position, this.#position + 24).join(""),
    );
    if (match === null)
      return this.#fail("a { is not the beginning of {n}, {n,} or {n,m}; write \\{ for the character");
    this.#position += match[0].length;
    const min = Number(match[1]);
    const max = match[2] === undefined ? min : match[3] === "" ? null : Number(match[3]);
    if (max !== null && max < min) this.#fail(`the bounds ${match[0]} are in the wrong order`);
    if (Math.max(min, max ?? 0) > GRAMMAR_LIMITS.bound)
      this.#fail(`the bound ${match[0]} is above ${GRAMMAR_LIMITS.bound}`);
    return { min, max };
  }

  #atom(): Pattern {
    const character = this.#next();
    switch (character) {
      case "^":
        return { kind: "start" };
      case "$":
        return { kind: "end" };
      case ".":
        return { kind: "set", ranges: complementRanges(LINE_ENDS) };
      case "(":
        return this.#group();
      case "[":
        return { kind: "set", ranges: this.#class() };
      case "\\":
        return { kind: "set", ranges: this.#escape(false) };
      case "*":
      case "+":
      case "?":
        return this.#fail(`${character} has nothing to repeat`);
      default:
        return { kind: "set", ranges: [single(character)] };
    }
  }

  #group(): Pattern {
    if (this.#take("?")) {
      if (this.#take("<")) {
        if (this.#peek() === "=" || this.#peek() === "!") this.#fail("look-behind is not supported");
        while (!this.#take(">")) this.#next();
      } else if (!this.#take(":")) {
        this.#fail(
          this.#peek() === "=" || this.#peek() === "!"
            ? "look-ahead is not supported"
            : "this kind of group is not supported",
        );
      }
    }
    const pattern = this.#choice();
    if (!this.#take(")")) this.#fail("a ( is not closed");
    return pattern;
  }

  #class(): readonly CodePointRange[] {
    const negated = this.#take("^");
    const ranges: CodePointRange[] = [];
    while (!this.#take("]")) {
      const low = this.#classAtom();
      const isRange = this.#peek() === "-" && this.#characters[this.#position + 1] !== "]";
      if (!isRange) {
        ranges.push(...low);
        continue;
      }
      this.#position += 1;
      const high = this.#classAtom();
      const from = onlyCodePoint(low);
      const to = onlyCodePoint(high);
      if (from === null || to === null) return this.#fail("a range in [ ] goes from one character to another");
      if (to < from) return this.#fail("a range in [ ] is in the wrong order");
      ranges.push([from, to]);
    }
    return negated ? complementRanges(ranges) : ranges;
  }

  #classAtom(): readonly CodePointRange[] {
    const character = this.#next();
    return character === "\\" ? this.#escape(true) : [single(character)];
  }

  #escape(inClass: boolean): readonly CodePointRange[] {
    const character = this.#next();
    const known = classEscape(character);
    if (known !== null) return known;
    const control = CONTROL_ESCAPES[character];
    if (control !== undefined) return [[control, control]];
    if (character === "b" && inClass) return [[8, 8]];
    if (character === "b" || character === "B") return this.#fail("word boundaries are not supported");
    if (character === "p" || character === "P") return this.#property(character === "P");
    if (character === "x") return this.#hex(/^[0-9a-fA-F]{2}/);
    if (character === "u") return this.#unicode();
    if (character === "c") return this.#letterControl();
    if (/[1-9k]/.test(character)) return this.#fail("back-references are not supported");
    if (/[a-zA-Z]/.test(character)) return this.#fail(`the escape \\${character} is not known`);
    return [single(character)];
  }

  #property(negated: boolean): readonly CodePointRange[] {
    const match = /^\{([A-Za-z_=]{1,64})\}/.exec(this.#characters.slice(this.#position, this.#position + 70).join(""));
    const ranges = match === null ? null : propertyRanges(match[1] ?? "");
    if (match === null || ranges === null) return this.#fail("a \\p names no Unicode property");
    this.#position += match[0].length;
    return negated ? complementRanges(ranges) : ranges;
  }

  #unicode(): readonly CodePointRange[] {
    if (this.#peek() === "{") {
      this.#position += 1;
      const [range] = this.#hex(/^[0-9a-fA-F]{1,6}/);
      if (!this.#take("}") || range === undefined || range[0] > 0x10ffff) this.#fail("a \\u{ } is no code point");
      return range === undefined ? [] : [range];
    }
    const [high = [0, 0] as const] = this.#hex(/^[0-9a-fA-F]{4}/);
    const rest = this.#characters.slice(this.#position, this.#position + 6).join("");
    const low = /^\\u(d[c-f][0-9a-f]{2})/i.exec(rest);
    if (high[0] < 0xd800 || high[0] > 0xdbff || low === null) return [high];
    this.#position += 6;
    const codePoint = 0x10000 + ((high[0] - 0xd800) << 10) + (Number.parseInt(low[1] ?? "", 16) - 0xdc00);
    return [[codePoint, codePoint]];
  }

  #hex(form: RegExp): readonly CodePointRange[] {
    const match = form.exec(this.#characters.slice(this.#position, this.#position + 6).join(""));
    if (match === null) return this.#fail("an escape has too few hexadecimal digits");
    this.#position += match[0].length;
    const codePoint = Number.parseInt(match[0], 16);
    return [[codePoint, codePoint]];
  }

  #letterControl(): readonly CodePointRange[] {
    const letter = this.#next();
    if (!/[a-zA-Z]/.test(letter)) this.#fail("a \\c needs a letter");
    const codePoint = letter.charCodeAt(0) & 31;
    return [[codePoint, codePoint]];
  }

  #peek(): string | undefined {
    return this.#characters[this.#position];
  }

  #next(): string {
    const character = this.#characters[this.#position];
    if (character === undefined) return this.#fail("it ends too early");
    this.#position += 1;
    return character;
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#position += 1;
    return true;
  }

  #fail(problem: string): never {
    const shown = this.#source.length > 80 ? `${this.#source.slice(0, 80)}…` : this.#source;
    return fail("grammar_invalid", {
      language: `pattern ${JSON.stringify(shown)}`,
      problem: `${problem} (at character ${this.#position}).`,
    });
  }
}

function classEscape(character: string): readonly CodePointRange[] | null {
  switch (character) {
    case "d":
      return DIGITS;
    case "D":
      return complementRanges(DIGITS);
    case "w":
      return WORD_CHARACTERS;
    case "W":
      return complementRanges(WORD_CHARACTERS);
    case "s":
      return SPACES;
    case "S":
      return complementRanges(SPACES);
    default:
      return null;
  }
}

function single(character: string): CodePointRange {
  const codePoint = character.codePointAt(0) ?? 0;
  return [codePoint, codePoint];
}

function onlyCodePoint(ranges: readonly CodePointRange[]): number | null {
  const [range] = ranges;
  return ranges.length === 1 && range !== undefined && range[0] === range[1] ? range[0] : null;
}
