/**
 * JSON Schema to a grammar. The unit is a conjunction of subschemas: each distinct one becomes one node,
 * so that references may be recursive and what is shared is made once. Members of objects come in the
 * order in which the schema names them. What cannot be enforced is refused by name and place.
 */

import { fail } from "../../../base/errors.ts";
import { at, unreachable } from "../../../base/invariant.ts";
import type { Grammar } from "../grammar.ts";
import { GrammarBuilder } from "../grammar-builder.ts";
import { GRAMMAR_LIMITS } from "../limits.ts";
import { literal } from "../regex/regex.ts";
import { constantsRegex } from "./constants.ts";
import { checkDisjoint } from "./disjoint.ts";
import {
  type Conjunct,
  conjunctKey,
  constantsOf,
  countCombinations,
  countsOf,
  findAlternatives,
  openConjunction,
  typesOf,
} from "./facets.ts";
import * as json from "./json-text.ts";
import type { JsonType } from "./keywords.ts";
import { type Member, type Members, membersOf } from "./members.ts";
import { numbersAllowed, stringsOf } from "./scalar-regex.ts";
import { child, locate, type SchemaLocation, type SchemaObject } from "./schema-location.ts";

/** Throws `schema_invalid`, `schema_unsupported` and `grammar_limit`. */
export function compileJsonSchema(schema: unknown): Grammar {
  const builder = new GrammarBuilder();
  const root = addJsonSchema(builder, schema);
  return builder.finish(root) ?? failWithoutValue(builder, root, builder.findDeriving());
}

/** Throws `schema_invalid` for the schema of node `id`, which derives nothing, and names the place that is to blame. */
export function failWithoutValue(builder: GrammarBuilder, id: number, derives: Uint8Array): never {
  const pointer = builder.placeOfNothing(id, derives) ?? "#";
  return fail("schema_invalid", { pointer, problem: "its keywords leave no value that is allowed." });
}

/** Adds the values of `schema` to a larger grammar. Throws as compileJsonSchema does. */
export function addJsonSchema(builder: GrammarBuilder, schema: unknown): number {
  checkSize(schema);
  const location = locate(schema, "#");
  return new SchemaCompiler(builder, location.schema).compile([location]);
}

/** Any JSON object. */
export function compileJsonObject(): Grammar {
  const builder = new GrammarBuilder();
  return (
    builder.finish(json.addAnyValue(builder).object) ??
    fail("schema_invalid", { pointer: "#", problem: "it is empty." })
  );
}

/** Before anything recurses over it. */
function checkSize(schema: unknown): void {
  let values = 0;
  let level: readonly unknown[] = [schema];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > GRAMMAR_LIMITS.depth) {
      fail("grammar_limit", { what: "levels of nested schemas", limit: GRAMMAR_LIMITS.depth, limitName: "depth" });
    }
    values += level.length;
    if (values > GRAMMAR_LIMITS.nodes) {
      fail("grammar_limit", { what: "values in a schema", limit: GRAMMAR_LIMITS.nodes, limitName: "nodes" });
    }
    level = level.flatMap((value) => (typeof value === "object" && value !== null ? Object.values(value) : []));
  }
}

class SchemaCompiler {
  readonly #builder: GrammarBuilder;
  readonly #root: SchemaObject | boolean;
  readonly #compiled = new Map<string, number>();
  #any: json.AnyValue | null = null;
  #depth = 0;

  constructor(builder: GrammarBuilder, root: SchemaObject | boolean) {
    this.#builder = builder;
    this.#root = root;
  }

  /** The node of the values that satisfy all of `locations`. */
  compile(locations: readonly (SchemaLocation | Conjunct)[]): number {
    const conjuncts = openConjunction(this.#root, locations);
    const place = at(locations, 0).pointer;
    if (conjuncts === null) return this.#nothing(place);
    const key = conjuncts.map(conjunctKey).toSorted().join(" & ");
    const known = this.#compiled.get(key);
    if (known !== undefined) return known;
    // A bomb is refused before it is set off.
    if (this.#compiled.size + countCombinations(conjuncts) > GRAMMAR_LIMITS.conjunctions) {
      fail("grammar_limit", {
        what: "combined schemas",
        limit: GRAMMAR_LIMITS.conjunctions,
        limitName: "conjunctions",
      });
    }
    this.#depth += 1;
    if (this.#depth > GRAMMAR_LIMITS.depth * 4) {
      fail("grammar_limit", { what: "levels of combined schemas", limit: GRAMMAR_LIMITS.depth, limitName: "depth" });
    }
    const id = this.#builder.reserve();
    this.#compiled.set(key, id);
    this.#builder.place(id, place);
    const options = this.#alternatives(conjuncts) ?? this.#values(conjuncts);
    this.#depth -= 1;
    return this.#builder.define(id, { kind: "choice", options });
  }

  #nothing(place: string): number {
    const id = this.#builder.add({ kind: "choice", options: [] });
    this.#builder.place(id, place);
    return id;
  }

  /** Each option of the first anyOf or oneOf with all the rest; null where there is none. */
  #alternatives(conjuncts: readonly Conjunct[]): readonly number[] | null {
    const alternatives = findAlternatives(conjuncts);
    if (alternatives === null) return null;
    const { keyword, options, pointer, rest } = alternatives;
    const branches = options.map((option) => [...rest, option]);
    if (keyword === "oneOf") checkDisjoint(this.#root, branches, pointer, this.#builder.arena);
    return branches.map((branch) => this.compile(branch));
  }

  #values(conjuncts: readonly Conjunct[]): readonly number[] {
    const constants = constantsOf(conjuncts);
    if (constants !== null) {
      return [this.#builder.lexeme(constantsRegex(constants, conjuncts, this.#builder.arena))];
    }
    return [...typesOf(conjuncts)].map((type) => this.#typed(type, conjuncts));
  }

  #typed(type: JsonType, conjuncts: readonly Conjunct[]): number {
    const builder = this.#builder;
    switch (type) {
      case "string":
        return builder.lexeme(stringsOf(conjuncts));
      case "number":
      case "integer":
        return builder.lexeme(numbersAllowed(conjuncts, type === "integer"));
      case "boolean":
        return builder.lexeme(json.ANY_BOOLEAN);
      case "null":
        return builder.lexeme(json.NULL);
      case "array":
        return this.#array(conjuncts);
      case "object":
        return this.#object(conjuncts);
      default:
        return unreachable(type);
    }
  }

  #anyValue(): json.AnyValue {
    this.#any ??= json.addAnyValue(this.#builder);
    return this.#any;
  }

  /** An empty conjunction allows any value. */
  #value(locations: readonly SchemaLocation[]): number {
    const open = locations.filter(({ schema }) => schema !== true && !isEmptyObject(schema));
    return open.length === 0 ? this.#anyValue().value : this.compile(open);
  }

  #array(conjuncts: readonly Conjunct[]): number {
    const builder = this.#builder;
    const { min, max } = countsOf(conjuncts, "minItems", "maxItems");
    const prefixLength = Math.max(...conjuncts.map((conjunct) => prefixOf(conjunct).length));
    const prefix = Array.from({ length: Math.min(prefixLength, max ?? Infinity) }, (_, index) =>
      this.#value(conjuncts.flatMap((conjunct) => itemAt(conjunct, index))),
    );
    const rest = this.#value(conjuncts.flatMap((conjunct) => itemAt(conjunct, Infinity)));
    const next = (item: number): number => builder.sequence(builder.lexeme(json.NEXT_ITEM), item);
    const close = builder.lexeme(json.CLOSE_ARRAY);
    const restMax = max === null ? null : max - Math.max(1, prefix.length);
    // What follows the first `length` items.
    let tail = builder.choice(
      builder.sequence(builder.repeat(next(rest), Math.max(0, min - Math.max(1, prefix.length)), restMax), close),
      // Items that no schema allows end the list.
      min <= Math.max(1, prefix.length) ? close : builder.nothing(),
    );
    for (let length = prefix.length - 1; length > 0; length -= 1) {
      const more = builder.sequence(next(at(prefix, length)), tail);
      tail = length >= min ? builder.choice(close, more) : more;
    }
    const empty = min === 0 ? builder.lexeme(json.EMPTY_ARRAY) : builder.nothing();
    if (max === 0) return empty;
    return builder.choice(empty, builder.sequence(builder.lexeme(json.OPEN_ARRAY), prefix[0] ?? rest, tail));
  }

  #object(conjuncts: readonly Conjunct[]): number {
    const members = membersOf(conjuncts, this.#builder.arena);
    const { named, others, min, max } = members;
    if (named.length === 0 && min === 0 && max === null && others[0]?.value.length === 0 && !hasKeyRules(conjuncts)) {
      return this.#anyValue().object;
    }
    const anyOther = others.length > 0;
    if (anyOther && min > Math.max(1, named.length)) {
      // The same key could come twice and count once.
      const reason = "members that are not named cannot be told apart; name them in properties.";
      fail("schema_unsupported", {
        keyword: "minProperties",
        pointer: `${at(conjuncts, 0).pointer}/minProperties`,
        reason,
      });
    }
    return new MemberChain(this.#builder, members, (value) => this.#value(value)).node();
  }
}

/** The members of one object in their order, each required one present, counted as far as bounds need. */
class MemberChain {
  readonly #builder: GrammarBuilder;
  readonly #members: Members;
  readonly #valueOf: (value: readonly SchemaLocation[]) => number;
  readonly #values: readonly number[];
  /** Counts from here on are alike. */
  readonly #cap: number;
  readonly #close: number;

  constructor(builder: GrammarBuilder, members: Members, valueOf: (value: readonly SchemaLocation[]) => number) {
    this.#builder = builder;
    this.#members = members;
    this.#valueOf = valueOf;
    this.#values = members.named.map(({ value }) => valueOf(value));
    const { min, max, named } = members;
    this.#cap = Math.min(named.length, Math.max(1, min, max === null ? 0 : max));
    this.#close = builder.lexeme(json.CLOSE_OBJECT);
  }

  node(): number {
    const { named } = this.#members;
    let after = Array.from({ length: this.#cap + 1 }, (_, count) => this.#end(count));
    for (let index = named.length - 1; index >= 0; index -= 1) {
      const next = after;
      after = next.map((_, count) => this.#member(at(named, index), at(this.#values, index), next, count));
    }
    return at(after, 0);
  }

  /** Where all named members are written or left out, `count` of them written. */
  #end(count: number): number {
    const { min, max, others } = this.#members;
    const builder = this.#builder;
    const none = count < min ? builder.nothing() : count === 0 ? builder.lexeme(json.EMPTY_OBJECT) : this.#close;
    const left = max === null ? null : max - count;
    if (others.length === 0 || left === 0) return none;
    const missing = Math.max(0, min - count);
    if (missing > 1) return builder.nothing();
    const rest = (first: boolean): number[] =>
      others.map(({ key, value }) =>
        builder.sequence(builder.lexeme(json.memberStart(key, first)), this.#valueOf(value)),
      );
    const further = builder.choice(...rest(false));
    if (count > 0) return builder.sequence(builder.repeat(further, missing, left), this.#close);
    const some = builder.sequence(
      builder.choice(...rest(true)),
      builder.repeat(further, 0, left === null ? null : left - 1),
      this.#close,
    );
    return builder.choice(none, some);
  }

  #member({ name, required }: Member, value: number, next: readonly number[], count: number): number {
    const builder = this.#builder;
    const { max } = this.#members;
    const key = literal(JSON.stringify(name));
    const after = at(next, Math.min(count + 1, this.#cap));
    const written =
      max !== null && count >= max
        ? builder.nothing()
        : builder.sequence(builder.lexeme(json.memberStart(key, count === 0)), value, after);
    return required ? written : builder.choice(written, at(next, count));
  }
}

function hasKeyRules(conjuncts: readonly Conjunct[]): boolean {
  return conjuncts.some(
    ({ schema }) => schema["propertyNames"] !== undefined || schema["patternProperties"] !== undefined,
  );
}

function isEmptyObject(schema: SchemaObject | boolean): boolean {
  return typeof schema === "object" && Object.keys(schema).length === 0;
}

/** prefixItems, which drafts before 2020-12 write as a list in items. */
function prefixOf({ schema }: Conjunct): readonly unknown[] {
  const items = schema["items"];
  return (schema["prefixItems"] ?? (Array.isArray(items) ? items : [])) as readonly unknown[];
}

/** What one conjunct asks of the item at `index`; Infinity stands for all after the prefix. */
function itemAt(conjunct: Conjunct, index: number): readonly SchemaLocation[] {
  const { schema } = conjunct;
  const prefix = prefixOf(conjunct);
  if (index < prefix.length) {
    return [child(conjunct, prefix[index], schema["prefixItems"] === undefined ? "items" : "prefixItems", index)];
  }
  const keyword = Array.isArray(schema["items"]) ? "additionalItems" : "items";
  return schema[keyword] === undefined ? [] : [child(conjunct, schema[keyword], keyword)];
}
