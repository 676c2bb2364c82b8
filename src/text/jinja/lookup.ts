/**
 * Attributes, items and slices. As in Jinja's immutable sandbox: what would change a value, or begins
 * with an underscore, is refused when it is used.
 * Source: https://jinja.palletsprojects.com/en/stable/sandbox/
 */

import type { Budget } from "./budget.ts";
import { characterAt, characterCount, charactersOf, offsetOf } from "./characters.ts";
import { findMethod, isMutating } from "./methods.ts";
import { toRepr } from "./text-form.ts";
import {
  Dict,
  isList,
  isString,
  JinjaError,
  Markup,
  Namespace,
  NativeObject,
  textOf,
  Tuple,
  typeName,
  Undefined,
  type Value,
} from "./values.ts";

/** `object.name`: a method or attribute, else an item. */
export function getAttribute(object: Value, name: string, budget: Budget): Value {
  if (object instanceof Undefined) return object.fail();
  const attribute = findAttribute(object, name, budget);
  const found = attribute === undefined ? findItem(object, name, budget) : attribute;
  return found === undefined ? absent(object, name, budget) : found;
}

/** `object[key]`: an item, else, for a name, an attribute. */
export function getItem(object: Value, key: Value, budget: Budget): Value {
  if (object instanceof Undefined) return object.fail();
  const item = findItem(object, key, budget);
  if (item !== undefined) return item;
  const attribute = isString(key) ? findAttribute(object, textOf(key), budget) : undefined;
  return attribute === undefined ? absent(object, key, budget) : attribute;
}

function findAttribute(object: Value, name: string, budget: Budget): Value | undefined {
  if (name.startsWith("_") || isMutating(object, name)) {
    return object instanceof Dict && name.startsWith("_") ? undefined : unsafe(object, name);
  }
  if (object instanceof Namespace) return object.fields.get(name);
  if (object instanceof NativeObject) return object.attribute(name);
  return findMethod(object, name, budget) ?? undefined;
}

function unsafe(object: Value, name: string): Undefined {
  return new Undefined(`access to attribute '${name}' of '${typeName(object)}' object is unsafe.`);
}

function absent(object: Value, key: Value, budget: Budget): Undefined {
  const owner = object === null ? "None" : `${ownerName(object)} object`;
  if (isString(key)) return new Undefined(`'${owner}' has no attribute ${toRepr(textOf(key), budget)}`);
  return new Undefined(`${owner} has no element ${toRepr(key, budget)}`);
}

function ownerName(object: Value): string {
  if (object instanceof Namespace) return "jinja2.utils.Namespace";
  return object instanceof Markup ? "markupsafe.Markup" : typeName(object);
}

function findItem(object: Value, key: Value, budget: Budget): Value | undefined {
  if (object instanceof Dict) return object.get(key, budget);
  if (typeof key !== "number" && typeof key !== "boolean") return undefined;
  const index = Number(key);
  if (isString(object)) {
    budget.scan(textOf(object).length);
    return characterAt(textOf(object), index);
  }
  const items = isList(object) ? object : object instanceof Tuple ? object.items : null;
  return items?.at(index);
}

/** `object[start:stop:step]`; null is an end that is left out. */
export function getSlice(object: Value, bounds: readonly (number | null)[], budget: Budget): Value {
  if (object instanceof Undefined) return object.fail();
  if (isString(object)) {
    const sliced = sliceText(textOf(object), bounds, budget);
    return object instanceof Markup ? new Markup(sliced) : sliced;
  }
  const items = isList(object) ? object : object instanceof Tuple ? object.items : null;
  if (items === null) throw new JinjaError(`'${typeName(object)}' object is not subscriptable`);
  const sliced = sliceItems(items, bounds);
  budget.step(sliced.length);
  return isList(object) ? sliced : new Tuple(sliced);
}

function sliceText(text: string, bounds: readonly (number | null)[], budget: Budget): string {
  if ((bounds[2] ?? 1) !== 1) {
    const characters = charactersOf(text, budget);
    budget.copy(text.length);
    return sliceItems(characters, bounds).join("");
  }
  budget.scan(text.length);
  const { start, end } = rangeOf(bounds, characterCount(text));
  const sliced = text.slice(offsetOf(text, start), offsetOf(text, end));
  budget.copy(sliced.length);
  return sliced;
}

function sliceItems<T>(items: readonly T[], bounds: readonly (number | null)[]): readonly T[] {
  const { start, end, step } = rangeOf(bounds, items.length);
  const sliced: T[] = [];
  for (let index = start; step > 0 ? index < end : index > end; index += step) {
    const item = items[index];
    if (item !== undefined) sliced.push(item);
  }
  return sliced;
}

interface SliceRange {
  readonly start: number;
  /** The first index that is left out, which is -1 where all from the start on backwards are taken. */
  readonly end: number;
  readonly step: number;
}

function rangeOf([from = null, to = null, by = null]: readonly (number | null)[], length: number): SliceRange {
  const step = by ?? 1;
  if (step === 0) throw new JinjaError("slice step cannot be zero");
  const [lowest, highest] = step > 0 ? [0, length] : [-1, length - 1];
  const clamp = (bound: number): number => Math.min(Math.max(bound < 0 ? bound + length : bound, lowest), highest);
  const [first, last] = step > 0 ? [lowest, highest] : [highest, lowest];
  return { start: from === null ? first : clamp(from), end: to === null ? last : clamp(to), step };
}
