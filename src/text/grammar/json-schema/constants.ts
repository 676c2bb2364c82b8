/** enum and const: the listed values that the other keywords leave, as one regular expression. */

import { fail } from "../../../base/errors.ts";
import type { RegexArena } from "../regex/arena.ts";
import { DEAD } from "../regex/expressions.ts";
import { type Regex, choice, concat, literal, literals } from "../regex/regex.ts";
import { type Conjunct, typesOf } from "./facets.ts";
import {
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  EMPTY_ARRAY,
  EMPTY_OBJECT,
  memberStart,
  NEXT_ITEM,
  OPEN_ARRAY,
} from "./json-text.ts";
import type { JsonType } from "./keywords.ts";
import { numbersAllowed, stringsOf } from "./scalar-regex.ts";
import { isObject } from "./schema-location.ts";

/** Words whose check of a listed object or list would need a validator. */
const INNER_KEYWORDS = ["properties", "patternProperties", "additionalProperties", "propertyNames", "required"].concat([
  "minProperties",
  "maxProperties",
  "items",
  "prefixItems",
  "additionalItems",
  "minItems",
  "maxItems",
]);

export function constantsRegex(
  constants: ReadonlyMap<string, unknown>,
  conjuncts: readonly Conjunct[],
  arena: RegexArena,
): Regex {
  const types = typesOf(conjuncts.map(({ schema, ...rest }) => ({ ...rest, schema: withoutListed(schema) })));
  const matches = (regex: Regex, json: string): boolean => {
    const end = arena.run(arena.intern(regex), new TextEncoder().encode(json));
    return end !== DEAD && arena.nullable(end);
  };
  const scalars: string[] = [];
  const others: Regex[] = [];
  for (const [json, value] of constants) {
    const type = typeOf(value);
    if (!types.has(type) && !(type === "integer" && types.has("number"))) continue;
    if (typeof value === "string") {
      if (hasStringKeyword(conjuncts) && !matches(stringsOf(conjuncts), json)) continue;
      scalars.push(json);
    } else if (typeof value === "number") {
      if (hasNumberKeyword(conjuncts) && !matches(numbersAllowed(conjuncts, false, true), json)) continue;
      scalars.push(json);
    } else if (typeof value === "object" && value !== null) {
      refuseInnerKeywords(conjuncts);
      others.push(valueRegex(value));
    } else {
      scalars.push(json);
    }
  }
  return choice(literals(scalars), ...others);
}

/** Without the values themselves, which imply no type. */
function withoutListed(schema: Conjunct["schema"]): Conjunct["schema"] {
  return Object.fromEntries(Object.entries(schema).filter(([keyword]) => keyword !== "enum" && keyword !== "const"));
}

function hasStringKeyword(conjuncts: readonly Conjunct[]): boolean {
  return conjuncts.some(({ schema }) =>
    ["minLength", "maxLength", "pattern", "format"].some((keyword) => schema[keyword] !== undefined),
  );
}

function hasNumberKeyword(conjuncts: readonly Conjunct[]): boolean {
  return conjuncts.some(({ schema }) =>
    ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "format"].some(
      (keyword) => schema[keyword] !== undefined,
    ),
  );
}

function refuseInnerKeywords(conjuncts: readonly Conjunct[]): void {
  for (const { schema, pointer } of conjuncts) {
    const keyword = INNER_KEYWORDS.find((word) => schema[word] !== undefined);
    if (keyword === undefined) continue;
    const reason = "it stands beside listed objects or lists; leave one of the two out.";
    fail("schema_unsupported", { keyword, pointer: `${pointer}/${keyword}`, reason });
  }
}

function typeOf(value: unknown): JsonType {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value as "object" | "string" | "boolean";
}

/** One value, with the white space that all JSON may have. */
function valueRegex(value: unknown): Regex {
  if (Array.isArray(value)) {
    if (value.length === 0) return EMPTY_ARRAY;
    const items = value.flatMap((item, index) => [index === 0 ? OPEN_ARRAY : NEXT_ITEM, valueRegex(item)]);
    return concat(...items, CLOSE_ARRAY);
  }
  if (!isObject(value)) return literal(JSON.stringify(value));
  const members = Object.entries(value);
  if (members.length === 0) return EMPTY_OBJECT;
  const parts = members.flatMap(([name, member], index) => [
    memberStart(literal(JSON.stringify(name)), index === 0),
    valueRegex(member),
  ]);
  return concat(...parts, CLOSE_OBJECT);
}
