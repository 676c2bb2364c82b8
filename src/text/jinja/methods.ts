/** Methods of values, but for those of strings, and which of Python's the sandbox refuses. */

import { bind, toInteger } from "./arguments.ts";
import type { Budget } from "./budget.ts";
import { areEqual } from "./operators.ts";
import { STRING_METHODS } from "./string-methods.ts";
import { toRepr } from "./text-form.ts";
import {
  Callable,
  type CallArguments,
  Dict,
  isList,
  isString,
  itemsOf,
  JinjaError,
  JinjaFloat,
  Markup,
  pairsOf,
  textOf,
  Tuple,
  Undefined,
  type Value,
} from "./values.ts";

const MUTATING_LIST: ReadonlySet<string> = new Set("append clear extend insert pop remove reverse sort".split(" "));
const MUTATING_DICT: ReadonlySet<string> = new Set("clear pop popitem setdefault update".split(" "));

export function isMutating(value: Value, name: string): boolean {
  return (isList(value) && MUTATING_LIST.has(name)) || (value instanceof Dict && MUTATING_DICT.has(name));
}

type Method<Owner> = (owner: Owner, args: CallArguments, budget: Budget) => Value;

const DICT_METHODS: Readonly<Record<string, Method<Dict>>> = {
  items: (dict, _args, budget) => pairsOf(dict, budget),
  keys: (dict, _args, budget) => itemsOf(dict, budget),
  values: (dict, _args, budget) => pairsOf(dict, budget).map(({ items: [, value = null] }) => value),
  copy: (dict) => dict,
  get(dict, args, budget) {
    const { key, default: byDefault } = bind("get", args, ["key", "default"]);
    const found = key === undefined ? undefined : dict.get(key, budget);
    return found === undefined ? (byDefault ?? null) : found;
  },
};

const SEQUENCE_METHODS: Readonly<Record<string, Method<readonly Value[]>>> = {
  copy: (items) => items,
  count(items, args, budget) {
    const { value = null } = bind("count", args, ["value"]);
    return items.filter((item) => areEqual(item, value, budget)).length;
  },
  index(items, args, budget) {
    const { value = null, start } = bind("index", args, ["value", "start"]);
    const from = toInteger(start, 0);
    const found = items.findIndex((item, index) => index >= from && areEqual(item, value, budget));
    if (found < 0) throw new JinjaError(`${toRepr(value, budget)} is not in list`);
    return found;
  },
};

/** The method as a function, or null. */
export function findMethod(owner: Value, name: string, budget: Budget): Callable | null {
  if (isString(owner)) return findStringMethod(owner, name, budget);
  if (owner instanceof Dict) return bound(DICT_METHODS, name, owner, budget);
  if (isList(owner)) return bound(SEQUENCE_METHODS, name, owner, budget);
  if (owner instanceof Tuple) return name === "copy" ? null : bound(SEQUENCE_METHODS, name, owner.items, budget);
  if (owner instanceof JinjaFloat && name === "is_integer") {
    return new Callable(name, () => Number.isInteger(owner.value));
  }
  return null;
}

function bound<Owner>(
  methods: Readonly<Record<string, Method<Owner>>>,
  name: string,
  owner: Owner,
  budget: Budget,
): Callable | null {
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
  return method === undefined ? null : new Callable(name, (args) => method(owner, args, budget));
}

/** What methods of safe text give is safe too. */
function findStringMethod(owner: string | Markup, name: string, budget: Budget): Callable | null {
  const method = STRING_METHODS.get(name);
  if (method === undefined) return null;
  return new Callable(name, (args) => {
    for (const value of args.positional) if (value instanceof Undefined) value.fail();
    budget.scan(textOf(owner).length);
    const result = method(textOf(owner), args, budget);
    if (typeof result === "string") budget.copy(result.length);
    return typeof result === "string" && owner instanceof Markup ? new Markup(result) : result;
  });
}
