/**
 * Functions that every template has: Jinja's own, and those that apply_chat_template adds.
 * Source: https://jinja.palletsprojects.com/en/stable/templates/#list-of-global-functions
 */

import { bind, toInteger } from "./arguments.ts";
import type { Budget } from "./budget.ts";
import { strftime } from "./strftime.ts";
import { toText } from "./text-form.ts";
import {
  Callable,
  type CallArguments,
  Dict,
  itemsOf,
  JinjaError,
  Namespace,
  NativeObject,
  type Value,
} from "./values.ts";

/** As in Jinja's sandbox. */
const MAX_RANGE = 100_000;
/** Characters of what strftime_now is given; known ones have up to 20. */
const MAX_DATE_FORMAT = 1000;

export function createGlobals(now: Date, budget: Budget): readonly (readonly [string, Value])[] {
  const functions: Readonly<Record<string, Callable["call"]>> = {
    range: (args) => range(args, budget),
    dict: (args) => new Dict(fieldsOf(args, budget), budget),
    namespace: (args) => new Namespace(fieldsOf(args, budget).map(([key, value]) => [toText(key, budget), value])),
    cycler: ({ positional }) => cycler(positional),
    joiner: (args) => joiner(bind("joiner", args, ["sep"]).sep ?? ", "),
    raise_exception(args) {
      throw new JinjaError(toText(bind("raise_exception", args, ["message"]).message ?? "", budget));
    },
    strftime_now(args) {
      const format = toText(bind("strftime_now", args, ["format"]).format ?? "", budget);
      if (format.length > MAX_DATE_FORMAT) throw new JinjaError(`a date's format is longer than ${MAX_DATE_FORMAT}`);
      return strftime(now, format);
    },
  };
  return Object.entries(functions).map(([name, call]) => [name, new Callable(name, call)]);
}

/** Of a dictionary or pairs, and of keywords. */
function fieldsOf({ positional, keywords }: CallArguments, budget: Budget): readonly (readonly [Value, Value])[] {
  const given = positional.flatMap((value) => {
    if (!(value instanceof Dict)) return itemsOf(value, budget).map((pair) => pairOf(pair, budget));
    budget.step(value.size);
    return [...value.entries()];
  });
  return [...given, ...keywords];
}

function pairOf(value: Value, budget: Budget): readonly [Value, Value] {
  budget.step();
  const [key, item, ...more] = itemsOf(value, budget);
  if (key !== undefined && item !== undefined && more.length === 0) return [key, item];
  throw new JinjaError("dictionary update sequence element has another length than 2");
}

function range({ positional, keywords }: CallArguments, budget: Budget): Value {
  if (keywords.size > 0) throw new JinjaError("range() takes no keyword arguments");
  const [first, second, third] = positional.map((value) => toInteger(value, 0));
  if (first === undefined) throw new JinjaError("range expected at least 1 argument, got 0");
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  const step = third ?? 1;
  if (step === 0) throw new JinjaError("range() arg 3 must not be zero");
  const count = Math.max(0, Math.ceil((stop - start) / step));
  if (count > MAX_RANGE) {
    throw new JinjaError(`Range too big. The sandbox blocks ranges larger than MAX_RANGE (${MAX_RANGE}).`);
  }
  budget.step(count);
  return Array.from({ length: count }, (_, index) => start + index * step);
}

/** Gives its items in turn: `next()`, `current`, `reset()`. */
function cycler(items: readonly Value[]): Value {
  if (items.length === 0) throw new JinjaError("at least one item has to be provided");
  let index = 0;
  const current = (): Value => items[index] ?? null;
  const next = new Callable("next", () => {
    const value = current();
    index = (index + 1) % items.length;
    return value;
  });
  const reset = new Callable("reset", () => {
    index = 0;
    return null;
  });
  return new NativeObject("Cycler", (name) => {
    if (name === "current") return current();
    if (name === "next") return next;
    return name === "reset" ? reset : undefined;
  });
}

/** Nothing when first called, its separator from then on. */
function joiner(separator: Value): Value {
  let used = false;
  return new NativeObject(
    "Joiner",
    () => undefined,
    () => {
      const value = used ? separator : "";
      used = true;
      return value;
    },
  );
}
