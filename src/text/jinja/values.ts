/**
 * The values of templates. They are Python's: integers are not floats, dictionaries have keys of any
 * kind, and what does not exist is a value that fails when it is used.
 */

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

  constructor(entries: Iterable<readonly [key: Value, value: Value]> = []) {
    for (const [key, value] of entries) {
      const hash = hashOf(key);
      this.#entries.set(hash, [this.#entries.get(hash)?.[0] ?? key, value]);
    }
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Undefined where there is none. */
  get(key: Value): Value | undefined {
    return isHashable(key) ? this.#entries.get(hashOf(key))?.[1] : undefined;
  }

  entries(): readonly (readonly [key: Value, value: Value])[] {
    return [...this.#entries.values()];
  }

  keys(): readonly Value[] {
    return this.entries().map(([key]) => key);
  }
}

function isHashable(value: Value): boolean {
  return !Array.isArray(value) && !(value instanceof Dict);
}

/** Equal values have equal ones. */
export function hashOf(key: Value): unknown {
  if (typeof key === "boolean") return Number(key);
  if (key instanceof JinjaFloat) return key.value;
  if (key instanceof Markup) return key.text;
  if (key instanceof Tuple)
    return Symbol.for(JSON.stringify(key.items.map((item) => String(hashOf(item)) + typeof item)));
  if (!isHashable(key)) throw new JinjaError(`unhashable type: '${typeName(key)}'`);
  return key;
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

/** The items of what can be looped over, or null. A string's are its characters, a dictionary's its keys. */
export function findItems(value: Value): readonly Value[] | null {
  if (value === null) return null;
  if (isString(value)) return Array.from(textOf(value));
  if (isList(value)) return value;
  if (value instanceof Tuple || value instanceof Generator) return value.items;
  if (value instanceof Dict) return value.keys();
  return value instanceof Undefined ? [] : null;
}

export function itemsOf(value: Value): readonly Value[] {
  const items = findItems(value);
  if (items === null) throw new JinjaError(`'${typeName(value)}' object is not iterable`);
  return items;
}

/** Null where the value has no length. */
export function findLength(value: Value): number | null {
  if (value === null || value instanceof Generator) return null;
  if (isString(value)) return characterCount(textOf(value));
  if (value instanceof Dict) return value.size;
  return findItems(value)?.length ?? null;
}

/** Characters beyond the BMP are two units here and one in Python. */
export function characterCount(text: string): number {
  return hasPairs(text) ? Array.from(text).length : text.length;
}

export function hasPairs(text: string): boolean {
  return /[\ud800-\udbff]/.test(text);
}
