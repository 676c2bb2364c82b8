/** What a conjunction says about an object: which members, in which order, and what each must be. */

import { fail } from "../../../base/errors.ts";
import { GRAMMAR_LIMITS } from "../limits.ts";
import type { RegexArena } from "../regex/arena.ts";
import { DEAD } from "../regex/expressions.ts";
import { type Regex, both } from "../regex/regex.ts";
import { type Conjunct, countsOf } from "./facets.ts";
import { quoted } from "./json-text.ts";
import { otherKeys } from "./key-regex.ts";
import { checkKeywords } from "./keywords.ts";
import { patternAt, stringsOf } from "./scalar-regex.ts";
import { isObject, type SchemaLocation, child } from "./schema-location.ts";

export interface Member {
  readonly name: string;
  readonly required: boolean;
  readonly value: readonly SchemaLocation[];
}

/** Members without a name of their own: a key's form and what its value must be. */
export interface OtherMembers {
  readonly key: Regex;
  readonly value: readonly SchemaLocation[];
}

export interface Members {
  readonly named: readonly Member[];
  readonly others: readonly OtherMembers[];
  readonly min: number;
  readonly max: number | null;
}

export function membersOf(conjuncts: readonly Conjunct[], arena: RegexArena): Members {
  const names = namesOf(conjuncts);
  const required = new Set(conjuncts.flatMap(({ schema }) => (schema["required"] ?? []) as readonly string[]));
  const keyRules = conjuncts.flatMap((conjunct) => keyRule(conjunct));
  const accepted = (name: string): boolean => keyRules.every((regex) => matches(arena, regex, JSON.stringify(name)));
  const named = [...new Set([...names, ...required])]
    .filter((name) => accepted(name) || required.has(name))
    .map((name) => ({
      name,
      required: required.has(name),
      value: accepted(name) ? conjuncts.flatMap((conjunct) => valueAt(conjunct, name, arena)) : [IMPOSSIBLE],
    }));
  if (named.length > GRAMMAR_LIMITS.properties) {
    fail("grammar_limit", { what: "members of one object", limit: GRAMMAR_LIMITS.properties, limitName: "properties" });
  }
  const others = othersOf(conjuncts, [...names, ...required]).map(({ key, value }) => ({
    key: both(quoted(key), ...keyRules),
    value,
  }));
  return { named, others, ...countsOf(conjuncts, "minProperties", "maxProperties") };
}

const IMPOSSIBLE: SchemaLocation = { schema: false, pointer: "#/false" };

function namesOf(conjuncts: readonly Conjunct[]): readonly string[] {
  return conjuncts.flatMap(({ schema }) => Object.keys(schema["properties"] ?? {}));
}

/** propertyNames: a schema of strings. */
function keyRule(conjunct: Conjunct): readonly Regex[] {
  const rule = conjunct.schema["propertyNames"];
  if (rule === undefined || rule === true) return [];
  const names = child(conjunct, rule, "propertyNames");
  checkKeywords(names);
  const { schema, pointer } = names;
  const supported = ["type", "pattern", "minLength", "maxLength", "format", "description", "title"];
  const keyword = isObject(schema) ? Object.keys(schema).find((word) => !supported.includes(word)) : "false";
  if (!isObject(schema) || keyword !== undefined) {
    const reason = `of its words only ${supported.slice(1, 5).join(", ")} can be enforced.`;
    return fail("schema_unsupported", { keyword: "propertyNames", pointer, reason });
  }
  return [stringsOf([{ schema, pointer, chosen: [] }])];
}

/** What one conjunct asks of the member `name`. */
function valueAt(conjunct: Conjunct, name: string, arena: RegexArena): readonly SchemaLocation[] {
  const { schema } = conjunct;
  const found: SchemaLocation[] = [];
  const properties = schema["properties"];
  if (isObject(properties) && Object.hasOwn(properties, name)) {
    found.push(child(conjunct, properties[name], "properties", name));
  }
  for (const { pattern, key, value } of patternMembers(conjunct)) {
    if (matches(arena, key, JSON.stringify(name).slice(1, -1)))
      found.push(child(conjunct, value, "patternProperties", pattern));
  }
  const additional = schema["additionalProperties"];
  if (found.length === 0 && additional !== undefined) found.push(child(conjunct, additional, "additionalProperties"));
  return found;
}

function patternMembers({ schema, pointer }: Conjunct): readonly { pattern: string; key: Regex; value: unknown }[] {
  return Object.entries(schema["patternProperties"] ?? {}).map(([pattern, value]: [string, unknown]) => ({
    pattern,
    value,
    key: patternAt(pattern, `${pointer}/patternProperties`),
  }));
}

/**
 * Where members are named and nothing is said about others, there are none: stricter than the
 * specification, as strict function schemas are. An object of which nothing is known may hold anything.
 */
function othersOf(conjuncts: readonly Conjunct[], names: readonly string[]): readonly OtherMembers[] {
  const saying = conjuncts.filter(({ schema }) => schema["additionalProperties"] !== undefined);
  const patterns = conjuncts.flatMap((conjunct) => patternMembers(conjunct).map((member) => ({ conjunct, ...member })));
  if (patterns.length > 0) return patternOthers(conjuncts, patterns, names);
  if (saying.length === 0 && names.length > 0) return [];
  if (saying.some(({ schema }) => schema["additionalProperties"] === false)) return [];
  const value = saying.map((conjunct) =>
    child(conjunct, conjunct.schema["additionalProperties"], "additionalProperties"),
  );
  return [{ key: otherKeys(names), value }];
}

/** With patternProperties only keys of the patterns come, and only where a single conjunct has them. */
function patternOthers(
  conjuncts: readonly Conjunct[],
  patterns: readonly {
    readonly conjunct: Conjunct;
    readonly pattern: string;
    readonly key: Regex;
    readonly value: unknown;
  }[],
  names: readonly string[],
): readonly OtherMembers[] {
  const holder = patterns[0]?.conjunct;
  const clash = conjuncts.find(
    (conjunct) =>
      conjunct !== holder &&
      ["patternProperties", "additionalProperties"].some((word) => conjunct.schema[word] !== undefined),
  );
  if (holder === undefined || clash !== undefined || patterns.length > 1) {
    const pointer = `${holder?.pointer ?? "#"}/patternProperties`;
    const reason = "only one pattern is supported, and not merged with other schemas about further members.";
    return fail("schema_unsupported", { keyword: "patternProperties", pointer, reason });
  }
  return patterns.map(({ conjunct, pattern, key, value }) => ({
    key: both(key, otherKeys(names)),
    value: [child(conjunct, value, "patternProperties", pattern)],
  }));
}

function matches(arena: RegexArena, regex: Regex, text: string): boolean {
  const end = arena.run(arena.intern(regex), new TextEncoder().encode(text));
  return end !== DEAD && arena.nullable(end);
}
