/**
 * oneOf asks that exactly one option holds. What is generated satisfies one option; this checks that no
 * value so made can satisfy another, by type, by constants, by form or by a member that tells options
 * apart. Where that cannot be shown, oneOf is refused: anyOf says what is meant.
 */

import { fail } from "../../../base/errors.ts";
import { at, unreachable } from "../../../base/invariant.ts";
import type { RegexArena } from "../regex/arena.ts";
import { both } from "../regex/regex.ts";
import { constantsRegex } from "./constants.ts";
import { type Conjunct, constantsOf, countsOf, findAlternatives, openConjunction, typesOf } from "./facets.ts";
import { type Members, membersOf } from "./members.ts";
import { numbersAllowed, stringsOf } from "./scalar-regex.ts";
import type { SchemaLocation, SchemaObject } from "./schema-location.ts";

type Locations = readonly (SchemaLocation | Conjunct)[];

/** How deep members are compared. */
const MAX_DEPTH = 4;

/** Throws `schema_unsupported`. */
export function checkDisjoint(
  root: SchemaObject | boolean,
  branches: readonly Locations[],
  pointer: string,
  arena: RegexArena,
): void {
  const comparison = new Comparison(root, arena);
  for (const [index, branch] of branches.entries()) {
    for (let other = 0; other < branches.length; other += 1) {
      if (other === index || comparison.excludes(branch, at(branches, other), MAX_DEPTH)) continue;
      const reason = `a value of option ${index} could satisfy option ${other} as well; use anyOf, or a member with a const of its own in each.`;
      fail("schema_unsupported", { keyword: "oneOf", pointer, reason });
    }
  }
}

class Comparison {
  readonly #root: SchemaObject | boolean;
  readonly #arena: RegexArena;

  constructor(root: SchemaObject | boolean, arena: RegexArena) {
    this.#root = root;
    this.#arena = arena;
  }

  /** Whether no value that is generated for `made` satisfies `judge`. */
  excludes(made: Locations, judge: Locations, depth: number): boolean {
    if (depth === 0) return false;
    const left = openConjunction(this.#root, made);
    const right = openConjunction(this.#root, judge);
    if (left === null || right === null) return true;
    const madeOptions = findAlternatives(left);
    if (madeOptions !== null) {
      return madeOptions.options.every((option) => this.excludes([...madeOptions.rest, option], right, depth - 1));
    }
    const judgeOptions = findAlternatives(right);
    if (judgeOptions !== null) {
      return judgeOptions.options.every((option) => this.excludes(left, [...judgeOptions.rest, option], depth - 1));
    }
    return this.#excludesValues(left, right, depth);
  }

  #excludesValues(made: readonly Conjunct[], judge: readonly Conjunct[], depth: number): boolean {
    const constants = [constantsOf(made), constantsOf(judge)] as const;
    if (constants[0] !== null && constants[1] !== null) {
      return ![...constants[0].keys()].some((json) => constants[1]?.has(json));
    }
    const madeTypes = typesOf(made);
    const judged = namedTypes(judge);
    const shared = [...madeTypes].filter(
      (type) =>
        judged === null ||
        judged.has(type) ||
        (type === "integer" && judged.has("number")) ||
        (type === "number" && judged.has("integer")),
    );
    return shared.every((type) => {
      switch (type) {
        case "string":
          return this.#excludesScalars(made, judge, "string");
        case "number":
        case "integer":
          return this.#excludesScalars(made, judge, "number");
        case "object":
          return this.#excludesObjects(made, judge, depth);
        case "array":
          return excludesCounts(made, judge);
        case "boolean":
        case "null":
          return false;
        default:
          return unreachable(type);
      }
    });
  }

  #excludesScalars(made: readonly Conjunct[], judge: readonly Conjunct[], type: "string" | "number"): boolean {
    const [left, right] = [made, withoutFormats(judge)].map((conjuncts) => {
      const constants = constantsOf(conjuncts);
      if (constants !== null) return constantsRegex(constants, conjuncts, this.#arena);
      return type === "string" ? plainStrings(conjuncts) : numbersAllowed(conjuncts, false);
    });
    if (left === undefined || right === undefined) return false;
    // A number has several spellings, so that only the bounds tell, not the texts.
    if (type === "number") return excludesBounds(made, judge);
    return !this.#arena.isLive(this.#arena.intern(both(left, right)));
  }

  #excludesObjects(made: readonly Conjunct[], judge: readonly Conjunct[], depth: number): boolean {
    const left = membersOf(made, this.#arena);
    const right = membersOf(judge, this.#arena);
    const isClosed = judge.some(
      ({ schema }) => schema["additionalProperties"] === false && schema["patternProperties"] === undefined,
    );
    const written = new Set(left.named.map(({ name }) => name));
    const missing = right.named.some(
      ({ name, required }) => required && left.others.length === 0 && !written.has(name),
    );
    if (missing) return true;
    return (
      left.named.some(({ name, required, value }) => {
        if (!required) return false;
        const member = right.named.find((other) => other.name === name);
        if (member === undefined) return isClosed;
        return this.excludes(value, member.value, depth - 1);
      }) || excludesMemberCounts(left, right)
    );
  }
}

/** The types that a judge names; one that names none judges no type. */
function namedTypes(judge: readonly Conjunct[]): ReadonlySet<string> | null {
  const constants = constantsOf(judge);
  if (constants !== null) return null;
  return judge.some(({ schema }) => schema["type"] !== undefined) ? typesOf(judge) : null;
}

/** Validators may take more for a format than is generated. */
function withoutFormats(judge: readonly Conjunct[]): readonly Conjunct[] {
  return judge.map(({ schema, ...rest }) => {
    const { format: _, ...others } = schema;
    return { ...rest, schema: others };
  });
}

/** With patterns or constants texts are in one spelling; without, lengths alone decide, as there they do too. */
function plainStrings(conjuncts: readonly Conjunct[]): ReturnType<typeof stringsOf> {
  return stringsOf([...conjuncts, { schema: { pattern: "" }, pointer: "#", chosen: [] }]);
}

function excludesCounts(made: readonly Conjunct[], judge: readonly Conjunct[]): boolean {
  const left = countsOf(made, "minItems", "maxItems");
  const right = countsOf(judge, "minItems", "maxItems");
  return apart(left.min, left.max ?? Infinity, right.min, right.max ?? Infinity);
}

function excludesMemberCounts(left: Members, right: Members): boolean {
  return apart(left.min, left.max ?? Infinity, right.min, right.max ?? Infinity);
}

function excludesBounds(made: readonly Conjunct[], judge: readonly Conjunct[]): boolean {
  const [leftMin, leftMax] = rangeOf(made);
  const [rightMin, rightMax] = rangeOf(judge);
  return apart(leftMin, leftMax, rightMin, rightMax);
}

function apart(leftMin: number, leftMax: number, rightMin: number, rightMax: number): boolean {
  return leftMax < rightMin || rightMax < leftMin;
}

function rangeOf(conjuncts: readonly Conjunct[]): readonly [number, number] {
  const numbers = [...(constantsOf(conjuncts)?.values() ?? [])].filter((value) => typeof value === "number");
  if (numbers.length > 0) return [Math.min(...numbers), Math.max(...numbers)];
  const all = (keywords: readonly string[]): readonly number[] =>
    conjuncts.flatMap(({ schema }) =>
      keywords.map((word) => schema[word]).filter((value) => typeof value === "number"),
    );
  return [
    Math.max(-Infinity, ...all(["minimum", "exclusiveMinimum"])),
    Math.min(Infinity, ...all(["maximum", "exclusiveMaximum"])),
  ];
}
