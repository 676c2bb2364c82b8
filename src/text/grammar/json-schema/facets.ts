/**
 * A conjunction of subschemas as one record: what `allOf`, `$ref` with neighbours and nested
 * alternatives ask for together. References and allOf are opened here; anyOf and oneOf are returned as
 * groups, of each of which one option has to hold as well.
 */

import { fail } from "../../../base/errors.ts";
import { GRAMMAR_LIMITS } from "../limits.ts";
import { NUMBER_FORMATS } from "./formats.ts";
import { JSON_TYPES, type JsonType, checkKeywords } from "./keywords.ts";
import { type SchemaLocation, type SchemaObject, child, resolveReference } from "./schema-location.ts";

/** A location of which one group of alternatives has already been chosen from. */
export interface Conjunct extends SchemaLocation {
  readonly schema: SchemaObject;
  readonly chosen: readonly AlternativeKeyword[];
}

type AlternativeKeyword = "anyOf" | "oneOf";

export interface Alternatives {
  readonly keyword: AlternativeKeyword;
  readonly pointer: string;
  readonly options: readonly SchemaLocation[];
  /** The conjuncts without this group. */
  readonly rest: readonly (SchemaLocation | Conjunct)[];
}

/** The conjuncts behind references and allOf; null where one is `false`. */
export function openConjunction(
  root: SchemaObject | boolean,
  locations: readonly (SchemaLocation | Conjunct)[],
): readonly Conjunct[] | null {
  const found = new Map<string, Conjunct>();
  const opening = new Set<string>();
  let possible = true;
  const open = (location: SchemaLocation | Conjunct): void => {
    const { schema, pointer } = location;
    if (typeof schema === "boolean") {
      possible &&= schema;
      return;
    }
    if ("chosen" in location) {
      // It was opened before, and what it refers to is among `locations`.
      found.set(conjunctKey(location), location);
      return;
    }
    const key = conjunctKey({ pointer, chosen: [] });
    if (opening.has(pointer)) {
      fail("schema_invalid", { pointer, problem: "the schema refers to itself without anything between." });
    }
    if (found.has(key)) return;
    if (opening.size > GRAMMAR_LIMITS.depth) {
      fail("grammar_limit", { what: "nested references", limit: GRAMMAR_LIMITS.depth, limitName: "depth" });
    }
    checkKeywords(location);
    opening.add(pointer);
    found.set(key, { schema, pointer, chosen: [] });
    if (schema["$ref"] !== undefined) open(resolveReference(root, schema["$ref"], pointer));
    for (const [index, part] of ((schema["allOf"] ?? []) as readonly unknown[]).entries()) {
      open(child(location, part, "allOf", index));
    }
    opening.delete(pointer);
  };
  for (const location of locations) open(location);
  return possible ? [...found.values()] : null;
}

export function conjunctKey({ pointer, chosen }: Pick<Conjunct, "pointer" | "chosen">): string {
  return chosen.length === 0 ? pointer : `${pointer} without ${chosen.join()}`;
}

/** The first group of alternatives, or null. */
export function findAlternatives(conjuncts: readonly Conjunct[]): Alternatives | null {
  for (const [index, conjunct] of conjuncts.entries()) {
    for (const keyword of ["anyOf", "oneOf"] as const) {
      const options = conjunct.schema[keyword] as readonly unknown[] | undefined;
      if (options === undefined || conjunct.chosen.includes(keyword)) continue;
      return {
        keyword,
        pointer: `${conjunct.pointer}/${keyword}`,
        options: options.map((option, at) => child(conjunct, option, keyword, at)),
        rest: conjuncts.with(index, { ...conjunct, chosen: [...conjunct.chosen, keyword] }),
      };
    }
  }
  return null;
}

/** How many conjunctions come of choosing from every group of alternatives; those inside options are not counted. */
export function countCombinations(conjuncts: readonly Conjunct[]): number {
  let combinations = 1;
  for (const { schema, chosen } of conjuncts) {
    for (const keyword of ["anyOf", "oneOf"] as const) {
      const options = schema[keyword] as readonly unknown[] | undefined;
      if (options !== undefined && !chosen.includes(keyword)) combinations *= options.length;
    }
  }
  return combinations;
}

/** What numbers and lengths may be; null where there is no bound. */
export interface Bounds {
  readonly min: number | null;
  readonly max: number | null;
}

/** Words that say something about values of one type only. */
const TYPE_OF_KEYWORD: Readonly<Record<string, JsonType>> = {
  ...Object.fromEntries(
    ["properties", "patternProperties", "additionalProperties", "required"]
      .concat(["propertyNames", "minProperties", "maxProperties"])
      .map((keyword) => [keyword, "object"]),
  ),
  ...Object.fromEntries(
    ["items", "prefixItems", "additionalItems", "minItems", "maxItems"].map((keyword) => [keyword, "array"]),
  ),
  ...Object.fromEntries(["minLength", "maxLength", "pattern"].map((keyword) => [keyword, "string"])),
  ...Object.fromEntries(
    ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"].map((keyword) => [keyword, "number"]),
  ),
};

/**
 * The types that values may have. A schema that names none but uses words of one type means that type:
 * stricter than the specification, which lets any other value pass, and what its author expects.
 */
export function typesOf(conjuncts: readonly Conjunct[]): ReadonlySet<JsonType> {
  let types: ReadonlySet<JsonType> | null = null;
  for (const { schema } of conjuncts) {
    const given = schema["type"];
    if (given === undefined) continue;
    const named = new Set((Array.isArray(given) ? given : [given]) as readonly JsonType[]);
    const own = schema["nullable"] === true ? new Set<JsonType>([...named, "null"]) : named;
    types = types === null ? own : intersectTypes(types, own);
  }
  if (types !== null) return types;
  const implied = new Set<JsonType>();
  for (const { schema } of conjuncts) {
    for (const keyword of Object.keys(schema)) {
      // A schema may have words such as "constructor", which every object answers to.
      const word = Object.hasOwn(TYPE_OF_KEYWORD, keyword) ? TYPE_OF_KEYWORD[keyword] : undefined;
      const type = word ?? (keyword === "format" ? formatType(schema[keyword]) : undefined);
      if (type !== undefined) implied.add(type);
    }
  }
  if (implied.size === 1) {
    if (conjuncts.some(({ schema }) => schema["nullable"] === true)) implied.add("null");
    return implied;
  }
  return new Set(JSON_TYPES.filter((type) => type !== "integer"));
}

function formatType(format: unknown): JsonType {
  return NUMBER_FORMATS.has(String(format)) ? "number" : "string";
}

function hasType(types: ReadonlySet<JsonType>, type: JsonType): boolean {
  return types.has(type) || (type === "integer" && types.has("number"));
}

function intersectTypes(left: ReadonlySet<JsonType>, right: ReadonlySet<JsonType>): ReadonlySet<JsonType> {
  const shared = JSON_TYPES.filter((type) => hasType(left, type) && hasType(right, type));
  return new Set(shared.includes("number") ? shared.filter((type) => type !== "integer") : shared);
}

/** The tightest of `minKeyword` and `maxKeyword`. */
export function boundsOf(conjuncts: readonly Conjunct[], minKeyword: string, maxKeyword: string): Bounds {
  const mins = numbersOf(conjuncts, minKeyword);
  const maxes = numbersOf(conjuncts, maxKeyword);
  return {
    min: mins.length === 0 ? null : Math.max(...mins),
    max: maxes.length === 0 ? null : Math.min(...maxes),
  };
}

/** A count from 0 on; a bound that no context reaches counts as none. */
export function countsOf(
  conjuncts: readonly Conjunct[],
  minKeyword: string,
  maxKeyword: string,
): { readonly min: number; readonly max: number | null } {
  const { min, max } = boundsOf(conjuncts, minKeyword, maxKeyword);
  if (min !== null && min > GRAMMAR_LIMITS.bound) {
    fail("grammar_limit", { what: `as ${minKeyword}`, limit: GRAMMAR_LIMITS.bound, limitName: "bound" });
  }
  return { min: min ?? 0, max: max === null || max > GRAMMAR_LIMITS.bound ? null : max };
}

export function numbersOf(conjuncts: readonly Conjunct[], keyword: string): readonly number[] {
  return valuesOf(conjuncts, keyword).filter((value) => typeof value === "number");
}

export function valuesOf(conjuncts: readonly Conjunct[], keyword: string): readonly unknown[] {
  return conjuncts.flatMap(({ schema }) => (schema[keyword] === undefined ? [] : [schema[keyword]]));
}

/** The values that enum and const leave, by their JSON; null where neither stands. */
export function constantsOf(conjuncts: readonly Conjunct[]): ReadonlyMap<string, unknown> | null {
  const lists = conjuncts.flatMap(({ schema }) => [
    ...(schema["enum"] === undefined ? [] : [schema["enum"] as readonly unknown[]]),
    ...(schema["const"] === undefined ? [] : [[schema["const"]]]),
  ]);
  const [first, ...others] = lists.map((values) => new Map(values.map((value) => [JSON.stringify(value), value])));
  if (first === undefined) return null;
  return new Map([...first].filter(([json]) => others.every((other) => other.has(json))));
}
