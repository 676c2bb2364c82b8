/**
 * The values of templates. They are Python's: integers are not floats, dictionaries have keys of any
 * kind, and what does not exist is a value that fails when it is used.
 */

import type { Budget } from "./budget.ts";
import { charactersOf } from "./characters.ts";
import { Output } from "./output.ts";

export type Value =
  | null
  | boolean
  /** An integer, within 2^53. */
  | number
  | string
  | JinjaFloat
  | Markup
  | readonly Value[]
  | Tuple
  | Dict
  | Generator
  | Undefined
  | Callable
  | Namespace
  | NativeObject;

/** Raised while a template runs, with Python's message. */
export class JinjaError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "JinjaError";
  }
}

export class JinjaFloat {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** Text that is marked as safe: what is added to it is escaped for HTML. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export class Tuple {
  readonly items: readonly Value[];
  constructor(items: readonly Value[]) {
    this.items = items;
  }
}

/** What filters such as `select` give: true even when empty, without length. */
export class Generator {
  readonly items: readonly Value[];
  constructor(items: readonly Value[]) {
    this.items = items;
  }
}

/** Equal keys are one, as in Python also 1, 1.0 and true. Never changed once a template can see it. */
export class Dict {
  readonly #entries = new Map<unknown, readonly [key: Value, value: Value]>();

  constructor(entries: Iterable<readonly [key: Value, value: Value]>, budget: Budget) {
    for (const [key, value] of entries) {
      const hash = hashOf(key, budget);
      this.#entries.set(hash, [this.#entries.get(hash)?.[0] ?? key, value]);
    }
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Undefined where there is none. */
  get(key: Value, budget: Budget): Value | undefined {
    return isHashable(key) ? this.#entries.get(hashOf(key, budget))?.[1] : undefined;
  }

  entries(): Iterable<readonly [key: Value, value: Value]> {
    return this.#entries.values();
  }
}

function isHashable(value: Value): boolean {
  return !Array.isArray(value) && !(value instanceof Dict);
}

/** Begins the hashes of tuples; a text that begins so gets it once more before it. */
const TUPLE_MARK = "\0";

/** Equal values have equal ones, others have others. */
export function hashOf(key: Value, budget: Budget): unknown {
  if (isString(key)) {
    const text = textOf(key);
    budget.scan(text.length);
    return text.startsWith(TUPLE_MARK) ? TUPLE_MARK + text : text;
  }
  if (key instanceof Tuple) return hashOfTuple(key, budget);
  if (key instanceof Undefined) return undefined;
  if (!isHashable(key)) throw new JinjaError(`unhashable type: '${typeName(key)}'`);
  return numberOf(key) ?? key;
}

/** Texts with their lengths before them, so that none looks like two others. */
function hashOfTuple(tuple: Tuple, budget: Budget): string {
  const output = new Output(budget);
  output.push(`${TUPLE_MARK}(`);
  for (const item of tuple.items) {
    budget.step();
    const hash = hashOf(item, budget);
    if (typeof hash === "object" && hash !== null) throw new JinjaError(`unhashable type: '${typeName(item)}'`);
    output.push(typeof hash === "string" ? `${hash.length}:${hash}` : `${String(hash)},`);
  }
  return output.take();
}

/** Prints as nothing, loops over nothing, is false; anything else fails with its message. */
export class Undefined {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }

  fail(): never {
    throw new JinjaError(this.message);
  }
}

export interface CallArguments {
  readonly positional: readonly Value[];
  readonly keywords: ReadonlyMap<string, Value>;
}

export class Callable {
  readonly name: string;
  readonly call: (args: CallArguments) => Value;
  constructor(name: string, call: (args: CallArguments) => Value) {
    this.name = name;
    this.call = call;
  }
}

/** What `namespace()` gives: the one thing that a loop's body can change for what comes after it. */
export class Namespace {
  readonly fields: Map<string, Value>;
  constructor(fields: Iterable<readonly [string, Value]>) {
    this.fields = new Map(fields);
  }
}

/** `loop`, cyclers and joiners. */
export class NativeObject {
  readonly type: string;
  readonly attribute: (name: string) => Value | undefined;
  readonly call: ((args: CallArguments) => Value) | null;
  constructor(type: string, attribute: (name: string) => Value | undefined, call: NativeObject["call"] = null) {
    this.type = type;
    this.attribute = attribute;
    this.call = call;
  }
}

const TYPE_NAMES: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  [JinjaFloat, "float"],
  [Markup, "Markup"],
  [Tuple, "tuple"],
  [Dict, "dict"],
  [Generator, "generator"],
  [Undefined, "Undefined"],
  [Namespace, "Namespace"],
  [Callable, "Macro"],
]);

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

export function isString(value: Value): value is string | Markup {
  return typeof value === "string" || value instanceof Markup;
}

/** The text of a string. */
export function textOf(value: string | Markup): string {
  return typeof value === "string" ? value : value.text;
}

/** The number of an integer, a float or a boolean, else null. */
export function numberOf(value: Value): number | null {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return Number(value);
  return value instanceof JinjaFloat ? value.value : null;
}

/** Python's name of the value's type. */
export function typeName(value: Value): string {
  if (value === null) return "NoneType";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return "int";
  if (typeof value === "string") return "str";
  if (isList(value)) return "list";
  return value instanceof NativeObject ? value.type : (TYPE_NAMES.get(value.constructor) ?? "object");
}

export function isTrue(value: Value): boolean {
  if (value === null || typeof value === "boolean" || typeof value === "number") return Boolean(value);
  if (isString(value)) return textOf(value) !== "";
  if (value instanceof JinjaFloat) return value.value !== 0;
  if (isList(value)) return value.length > 0;
  if (value instanceof Tuple) return value.items.length > 0;
  if (value instanceof Dict) return value.size > 0;
  return !(value instanceof Undefined);
}

export function isIterable(value: Value): boolean {
  return isString(value) || isList(value) || [Tuple, Generator, Dict, Undefined].some((type) => value instanceof type);
}

/** The items of what can be looped over, or null. A string's are its characters, a dictionary's its keys. */
export function findItems(value: Value, budget: Budget): readonly Value[] | null {
  if (value === null) return null;
  if (isList(value)) return value;
  if (value instanceof Tuple || value instanceof Generator) return value.items;
  if (isString(value)) return charactersOf(textOf(value), budget);
  if (value instanceof Dict) {
    budget.step(value.size);
    return Array.from(value.entries(), ([key]) => key);
  }
  return value instanceof Undefined ? [] : null;
}

export function itemsOf(value: Value, budget: Budget): readonly Value[] {
  const items = findItems(value, budget);
  if (items === null) throw new JinjaError(`'${typeName(value)}' object is not iterable`);
  return items;
}

/** The keys of a dictionary with their values. */
export function pairsOf(dict: Dict, budget: Budget): readonly Tuple[] {
  budget.step(dict.size);
  return Array.from(dict.entries(), (pair) => new Tuple(pair));
}
