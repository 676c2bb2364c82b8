/**
 * Regular expressions of tokenisers, which are written for Oniguruma, as JavaScript's: the part of the
 * syntax that patterns of real files use, and a typed error for the rest. White space, words, digits and
 * letter case are Unicode's, as there; possessive and atomic groups become look-aheads.
 * Source: https://github.com/kkos/oniguruma/blob/master/doc/RE
 */

import { fail } from "../../base/errors.ts";
import { OnigurumaCursor } from "./oniguruma-cursor.ts";
import { parseClass, parseClassEscape, quoteLiteral, WORD } from "./oniguruma-class.ts";

/** Longest pattern; the longest known has 1,500 characters. */
const MAX_PATTERN_UNITS = 16_384;
/** Deepest nesting of groups and classes; the deepest known has 4. */
const MAX_DEPTH = 32;

const LINE_START = "(?<![^\\n])";
const LINE_END = "(?![^\\n])";
const WORD_EDGE = `(?:(?<=${WORD})(?!${WORD})|(?<!${WORD})(?=${WORD}))`;
const NO_WORD_EDGE = `(?:(?<=${WORD})(?=${WORD})|(?<!${WORD})(?!${WORD}))`;

/** Escapes that stand for a place, not a character. */
const ANCHORS: Readonly<Record<string, string>> = {
  b: WORD_EDGE,
  B: NO_WORD_EDGE,
  A: "(?<![\\s\\S])",
  z: "(?![\\s\\S])",
  Z: "(?!\\n?[\\s\\S])",
};

/** A global expression that finds what `source` finds. Throws `tokenizer_unsupported`. */
export function compileOniguruma(source: string): RegExp {
  if (source.length > MAX_PATTERN_UNITS) {
    return refuse(`${source.slice(0, 40)}...`, `it has ${source.length} characters; the limit is ${MAX_PATTERN_UNITS}`);
  }
  const translated = new Translator(source).translate();
  try {
    return new RegExp(translated, "gv");
  } catch (error) {
    return refuse(source, error instanceof Error ? error.message : String(error));
  }
}

function refuse(source: string, reason: string): never {
  return fail("tokenizer_unsupported", { what: `pattern ${JSON.stringify(source)}`, hint: `Reason: ${reason}.` });
}

class Translator {
  readonly #source: string;
  readonly #cursor: OnigurumaCursor;
  #atomicGroups = 0;

  constructor(source: string) {
    this.#source = source;
    this.#cursor = new OnigurumaCursor(source, (reason) => refuse(source, reason));
  }

  translate(): string {
    const translated = this.#alternatives(false, 0);
    if (!this.#cursor.done) refuse(this.#source, "a ) has no (");
    return translated;
  }

  #alternatives(ignoreCase: boolean, depth: number): string {
    if (depth > MAX_DEPTH) refuse(this.#source, `groups nest deeper than ${MAX_DEPTH}`);
    let out = "";
    let folds = ignoreCase;
    while (!this.#cursor.done && this.#cursor.peek() !== ")") {
      if (this.#cursor.take("|")) {
        out += "|";
      } else if (this.#cursor.take("(?i)")) {
        folds = true;
      } else if (this.#cursor.take("(?-i)")) {
        folds = false;
      } else {
        out += this.#quantified(folds, depth);
      }
    }
    return out;
  }

  /** An atom with its quantifiers. */
  #quantified(ignoreCase: boolean, depth: number): string {
    let atom = this.#atom(ignoreCase, depth);
    let count = 0;
    for (let quantifier = this.#quantifier(); quantifier !== ""; quantifier = this.#quantifier()) {
      const isPossessive = quantifier.length > 1 && quantifier.endsWith("+");
      if (count > 0) atom = `(?:${atom})`;
      atom = isPossessive ? this.#atomic(atom + quantifier.slice(0, -1)) : atom + quantifier;
      count += 1;
    }
    return atom;
  }

  /** A look-ahead never tries its second best, and what it found is then taken as it is. */
  #atomic(body: string): string {
    this.#atomicGroups += 1;
    const name = `a${this.#atomicGroups}`;
    return `(?:(?=(?<${name}>${body}))\\k<${name}>)`;
  }

  /** The next quantifier, or "". */
  #quantifier(): string {
    const found = /^(?:[*+?][+?]?|\{\d*(?:,\d*)?\}\??)/.exec(this.#cursor.rest(24));
    if (found === null || found[0] === "{}" || found[0] === "{,}") return "";
    this.#cursor.skip(found[0].length);
    return found[0].replace("{,", "{0,");
  }

  #atom(ignoreCase: boolean, depth: number): string {
    const cursor = this.#cursor;
    if (cursor.take("(")) return this.#group(ignoreCase, depth);
    if (cursor.take("[")) return parseClass(cursor, ignoreCase, MAX_DEPTH);
    if (cursor.take("^")) return LINE_START;
    if (cursor.take("$")) return LINE_END;
    if (cursor.take(".")) return "[^\\n]";
    if (cursor.take("\\")) {
      const anchor = ANCHORS[cursor.peek()];
      if (anchor !== undefined) {
        cursor.skip(1);
        return anchor;
      }
      return parseClassEscape(cursor, ignoreCase).text;
    }
    if (/[*+?]/.test(cursor.peek())) return refuse(this.#source, `nothing stands before ${cursor.peek()}`);
    return quoteLiteral(cursor.next(), ignoreCase);
  }

  /** What follows an opening parenthesis. */
  #group(ignoreCase: boolean, depth: number): string {
    const cursor = this.#cursor;
    if (cursor.take("?>")) return this.#atomic(this.#body(ignoreCase, depth));
    for (const look of ["?=", "?!", "?<=", "?<!"]) {
      if (cursor.take(look)) return `(${look}${this.#body(ignoreCase, depth)})`;
    }
    const folds = cursor.take("?i:") || (!cursor.take("?-i:") && ignoreCase);
    // Nothing refers back to a group, so none has to capture.
    if (!cursor.take("?:") && cursor.peek() === "?") {
      const name = /^\?<\w+>/.exec(cursor.rest(64));
      if (name === null) return refuse(this.#source, `(${cursor.rest(4)} is not supported`);
      cursor.skip(name[0].length);
    }
    return `(?:${this.#body(folds, depth)})`;
  }

  #body(ignoreCase: boolean, depth: number): string {
    const body = this.#alternatives(ignoreCase, depth + 1);
    if (!this.#cursor.take(")")) refuse(this.#source, "a ( has no )");
    return body;
  }
}
