/**
 * Random JSON Schemas of the kind that tools have. Bounds are in order, listed values fit and references
 * come to an end, so that most schemas leave some value; what keyword came how often is counted.
 */

import { at } from "../../src/base/invariant.ts";
import { uniforms } from "./random-values.ts";

export type RandomSchema = Readonly<Record<string, unknown>>;

/** Keywords that a long run has to meet. */
export const TESTED_KEYWORDS = [
  "type",
  "enum",
  "const",
  "properties",
  "required",
  "additionalProperties",
  "items",
].concat(
  ["prefixItems", "minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum", "exclusiveMinimum"],
  ["exclusiveMaximum", "multipleOf", "pattern", "format", "anyOf", "oneOf", "allOf", "$ref", "$defs", "nullable"],
);

export const FORMATS = ["date", "time", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "uuid", "uri"];

const PATTERNS = [
  "^[a-z]{2,8}$",
  "^\\d{3}-\\d{4}$",
  "[A-Z]{2}",
  "^(foo|bar)-[0-9a-f]+$",
  "^\\S+@\\S+$",
  '^[^\\s"]{1,5}$',
].concat(["^(\\+\\d{1,3} )?\\d{4,9}$", "end$", "^.{0,6}$", "^[A-Z][a-z]*( [A-Z][a-z]*)*$"]);
const NAMES = ["id", "name", "city", "naïve", 'a"b', "x-y", "日本", "unit", "count", "tags", "from", "to"];

export class RandomSchemas {
  readonly #uniform: () => number;
  #definitions: Record<string, unknown> = {};

  constructor(seed: number) {
    this.#uniform = uniforms(seed);
  }

  /** A whole schema; `depth` levels of objects and lists at most, exactly so many where `deep`. */
  next(depth: number, deep: boolean): RandomSchema {
    this.#definitions = {};
    const root = deep ? this.#nested(depth) : this.#any(depth);
    const hasDefinitions = Object.keys(this.#definitions).length > 0;
    return hasDefinitions ? { ...root, $defs: this.#definitions } : root;
  }

  #int(below: number): number {
    return Math.floor(this.#uniform() * below);
  }

  #chance(probability: number): boolean {
    return this.#uniform() < probability;
  }

  #pick<T>(list: readonly T[]): T {
    return at(list, this.#int(list.length));
  }

  #nested(depth: number): RandomSchema {
    if (depth === 0) return this.#scalar();
    const inner = this.#nested(depth - 1);
    if (this.#chance(0.3)) return { type: "array", items: inner, minItems: 1, maxItems: 1 + this.#int(3) };
    return { ...this.#object(0), properties: { inner, ...this.#properties(0) }, required: ["inner"] };
  }

  #any(depth: number): RandomSchema {
    if (depth === 0) return this.#scalar();
    return this.#pick([
      () => this.#object(depth),
      () => this.#object(depth),
      () => this.#array(depth),
      () => this.#combined(depth),
      () => this.#reference(),
      () => this.#scalar(),
    ])();
  }

  #scalar(): RandomSchema {
    const made = this.#pick([
      () => this.#string(),
      () => this.#string(),
      () => this.#number(),
      () => this.#number(),
      () => ({ type: this.#pick(["boolean", "null"]) }),
      () => this.#listed(),
      () => ({
        type: this.#pick([
          ["string", "null"],
          ["integer", "boolean"],
          ["number", "null"],
        ]),
      }),
    ])();
    return this.#chance(0.08) && typeof made["type"] === "string" ? { ...made, nullable: true } : made;
  }

  #string(): RandomSchema {
    if (this.#chance(0.2)) return { type: "string", format: this.#pick(FORMATS) };
    if (this.#chance(0.25)) return { type: "string", pattern: this.#pick(PATTERNS) };
    const minLength = this.#int(4);
    return {
      type: "string",
      ...(this.#chance(0.5) ? { minLength } : {}),
      ...(this.#chance(0.5) ? { maxLength: minLength + this.#int(this.#chance(0.2) ? 5000 : 12) } : {}),
    };
  }

  #number(): RandomSchema {
    const isInteger = this.#chance(0.5);
    const low = this.#pick([-1000, -7, -1, 0, 1, 10, 255]) + (isInteger ? 0 : this.#pick([0, 0.5, 0.125, -0.25]));
    const high = low + (isInteger ? 3 + this.#int(2000) : this.#pick([0.5, 1, 12.75, 1000]));
    return {
      type: isInteger ? "integer" : "number",
      ...(this.#chance(0.5) ? { [this.#chance(0.6) ? "minimum" : "exclusiveMinimum"]: low } : {}),
      ...(this.#chance(0.5) ? { [this.#chance(0.6) ? "maximum" : "exclusiveMaximum"]: high } : {}),
      ...(isInteger && this.#chance(0.2) ? { multipleOf: 1 + this.#int(3) } : {}),
      // Within bounds: of large numbers ajv's own division is not exact.
      ...(!isInteger && this.#chance(0.15)
        ? { minimum: low, maximum: high + 1, multipleOf: this.#pick([0.1, 0.01]) }
        : {}),
    };
  }

  #listed(): RandomSchema {
    const values = ["red", "green", "a\\b\n", "", 0, 1.5, -3, true, null, "日本", [1, "x"], { k: [null] }];
    if (this.#chance(0.4)) return { const: this.#pick(values) };
    const some = Array.from({ length: 1 + this.#int(5) }, () => this.#pick(values));
    return { enum: [...new Set(some)] };
  }

  #properties(depth: number): Record<string, RandomSchema> {
    const names = NAMES.filter(() => this.#chance(0.3));
    return Object.fromEntries(names.map((name) => [name, this.#any(Math.max(0, depth - 1))]));
  }

  #object(depth: number): RandomSchema {
    const properties = this.#properties(depth);
    const names = Object.keys(properties);
    return {
      type: "object",
      properties,
      ...(this.#chance(0.7) ? { required: names.filter(() => this.#chance(0.5)) } : {}),
      ...(this.#chance(0.4)
        ? { additionalProperties: this.#pick([false, false, true, { type: "integer" }, { type: "string" }]) }
        : {}),
      ...(this.#chance(0.08) ? { maxProperties: names.length + this.#int(2) } : {}),
    };
  }

  #array(depth: number): RandomSchema {
    const minItems = this.#int(3);
    const prefix = this.#chance(0.3) ? Array.from({ length: 1 + this.#int(3) }, () => this.#any(depth - 1)) : null;
    return {
      type: "array",
      ...(prefix === null ? {} : { prefixItems: prefix }),
      ...(prefix === null || this.#chance(0.5)
        ? { items: prefix !== null && this.#chance(0.3) ? false : this.#any(depth - 1) }
        : {}),
      ...(this.#chance(0.5) && prefix === null ? { minItems } : {}),
      ...(this.#chance(0.6) ? { maxItems: minItems + (prefix?.length ?? 0) + this.#int(4) } : {}),
    };
  }

  #combined(depth: number): RandomSchema {
    const kinds = ["string", "integer", "boolean", "object", "array"];
    const kind = this.#pick(["anyOf", "oneOf", "tagged", "allOf", "allOf"]);
    if (kind === "anyOf") return { anyOf: Array.from({ length: 2 + this.#int(2) }, () => this.#any(depth - 1)) };
    if (kind === "oneOf") {
      const start = this.#int(kinds.length);
      return { oneOf: [0, 1].map((offset) => this.#ofType(kinds[(start + offset) % kinds.length] ?? "", depth - 1)) };
    }
    if (kind === "tagged") {
      const tagged = ["circle", "square", "line"].map((tag) => ({
        type: "object",
        properties: { kind: { const: tag }, ...this.#properties(depth - 1) },
        required: ["kind"],
        additionalProperties: false,
      }));
      return { [this.#pick(["oneOf", "anyOf"])]: tagged };
    }
    if (this.#chance(0.5)) {
      return {
        allOf: [
          { type: "string", minLength: 1 },
          { maxLength: 6 + this.#int(20) },
          { pattern: this.#pick(["^[a-z]+$", "[0-9]"]) },
        ],
      };
    }
    return {
      allOf: [
        { type: "object", properties: { id: this.#scalar() }, required: ["id"] },
        { type: "object", properties: this.#properties(depth - 1) },
      ],
    };
  }

  #ofType(type: string, depth: number): RandomSchema {
    if (type === "object") return this.#object(depth);
    if (type === "array") return this.#array(Math.max(1, depth));
    return type === "string" ? { type, maxLength: 20 } : { type };
  }

  #reference(): RandomSchema {
    if (this.#chance(0.5)) {
      // Scalars only: what is made here must not refer to itself.
      this.#definitions["item"] ??= this.#scalar();
      return { $ref: "#/$defs/item" };
    }
    this.#definitions["tree"] ??= {
      type: "object",
      properties: {
        value: { type: "integer" },
        children: { type: "array", items: { $ref: "#/$defs/tree" }, maxItems: 2 },
      },
      required: ["value"],
      additionalProperties: false,
    };
    return { $ref: "#/$defs/tree" };
  }
}

/** Every keyword of `schema`, however deep; members' names are not keywords. */
export function keywordsOf(schema: unknown, found = new Set<string>()): Set<string> {
  if (typeof schema !== "object" || schema === null) return found;
  if (Array.isArray(schema)) {
    for (const part of schema) keywordsOf(part, found);
    return found;
  }
  for (const [keyword, value] of Object.entries(schema)) {
    found.add(keyword);
    if (keyword === "enum" || keyword === "const") continue;
    if (keyword === "properties" || keyword === "$defs") keywordsOf(Object.values(value as object), found);
    else keywordsOf(value, found);
  }
  return found;
}
