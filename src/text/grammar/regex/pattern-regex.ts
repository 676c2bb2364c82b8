/**
 * From a parsed pattern to a regular expression of bytes. A pattern matches anywhere in the text unless
 * it is anchored; the byte form matches the whole text.
 */

import { fail } from "../../../base/errors.ts";
import { at, unreachable } from "../../../base/invariant.ts";
import { GRAMMAR_LIMITS } from "../limits.ts";
import { ANY_CODE_POINT, type CodePointRange, jsonCharacters, utf8 } from "./code-points.ts";
import { type Pattern, parsePattern } from "./parse-pattern.ts";
import { EMPTY, type Regex, choice, concat, repeat } from "./regex.ts";

/** How a set of characters is spelled in bytes. */
export type Spelling = (ranges: readonly CodePointRange[]) => Regex;

/** The contents of JSON strings in which `source` matches somewhere. Throws `grammar_invalid`. */
export function jsonSearchRegex(source: string): Regex {
  return searchRegex(source, jsonCharacters);
}

/** The texts that `source` matches as a whole, anchored or not. Throws `grammar_invalid`. */
export function fullTextRegex(source: string): Regex {
  const branches = branchesOf(parsePattern(source), source);
  return choice(...branches.map(({ body }) => new Spelled(utf8, source).regex(body)));
}

function searchRegex(source: string, spelling: Spelling): Regex {
  const spelled = new Spelled(spelling, source);
  const anything = repeat(spelling(ANY_CODE_POINT), 0, null);
  const branches = branchesOf(parsePattern(source), source).map(({ fromStart, toEnd, body }) =>
    concat(fromStart ? EMPTY : anything, spelled.regex(body), toEnd ? EMPTY : anything),
  );
  return choice(...branches);
}

/** One way to match: anchors stand only at its ends. */
interface Branch {
  readonly fromStart: boolean;
  readonly toEnd: boolean;
  readonly body: Pattern;
}

const NOTHING: Pattern = { kind: "sequence", items: [] };

function branchesOf(pattern: Pattern, source: string): readonly Branch[] {
  if (!hasAnchor(pattern)) return [{ fromStart: false, toEnd: false, body: pattern }];
  if (pattern.kind === "choice") return pattern.options.flatMap((option) => branchesOf(option, source));
  const items = flatten(pattern);
  const edge = [0, items.length - 1].find((index) => items[index]?.kind === "choice" && hasAnchor(at(items, index)));
  const inner = edge === undefined ? undefined : items[edge];
  if (edge !== undefined && inner?.kind === "choice") {
    return inner.options.flatMap((option) => branchesOf({ kind: "sequence", items: items.with(edge, option) }, source));
  }
  const fromStart = items[0]?.kind === "start";
  const toEnd = items.length > 0 && items.at(-1)?.kind === "end";
  const body = items.slice(fromStart ? 1 : 0, toEnd ? -1 : undefined);
  if (body.some(hasAnchor)) {
    fail("grammar_invalid", {
      language: `pattern ${JSON.stringify(source.slice(0, 80))}`,
      problem: "^ and $ are supported at the ends of the pattern and of its alternatives only.",
    });
  }
  return [{ fromStart, toEnd, body: body.length === 0 ? NOTHING : { kind: "sequence", items: body } }];
}

function flatten(pattern: Pattern): readonly Pattern[] {
  return pattern.kind === "sequence" ? pattern.items.flatMap(flatten) : [pattern];
}

function hasAnchor(pattern: Pattern): boolean {
  switch (pattern.kind) {
    case "start":
    case "end":
      return true;
    case "set":
      return false;
    case "sequence":
      return pattern.items.some(hasAnchor);
    case "choice":
      return pattern.options.some(hasAnchor);
    case "repeat":
      return hasAnchor(pattern.item);
    default:
      return unreachable(pattern);
  }
}

class Spelled {
  readonly #spelling: Spelling;
  readonly #source: string;

  constructor(spelling: Spelling, source: string) {
    this.#spelling = spelling;
    this.#source = source;
  }

  regex(pattern: Pattern): Regex {
    this.#checkBounds(pattern, 1);
    return this.#regex(pattern);
  }

  #regex(pattern: Pattern): Regex {
    switch (pattern.kind) {
      case "set":
        return this.#spelling(pattern.ranges);
      case "sequence":
        return concat(...pattern.items.map((item) => this.#regex(item)));
      case "choice":
        return choice(...pattern.options.map((option) => this.#regex(option)));
      case "repeat":
        return repeat(this.#regex(pattern.item), pattern.min, pattern.max);
      case "start":
      case "end":
        return EMPTY;
      default:
        return unreachable(pattern);
    }
  }

  /** Counters inside counters may multiply their states. */
  #checkBounds(pattern: Pattern, outer: number): void {
    switch (pattern.kind) {
      case "sequence":
        for (const item of pattern.items) this.#checkBounds(item, outer);
        return;
      case "choice":
        for (const option of pattern.options) this.#checkBounds(option, outer);
        return;
      case "repeat": {
        const inner = outer * Math.max(1, pattern.max ?? pattern.min);
        if (outer > 1 && inner > GRAMMAR_LIMITS.nestedBounds) {
          fail("grammar_limit", {
            what: `repetitions in nested bounds of ${JSON.stringify(this.#source.slice(0, 80))}`,
            limit: GRAMMAR_LIMITS.nestedBounds,
            limitName: "nestedBounds",
          });
        }
        this.#checkBounds(pattern.item, inner);
        return;
      }
      case "set":
      case "start":
      case "end":
        return;
      default:
        unreachable(pattern);
    }
  }
}
