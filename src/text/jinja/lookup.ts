/**
 * Attributes, items and slices. As in Jinja's immutable sandbox: what would change a value, or begins
 * with an underscore, is refused when it is used.
 * Source: https://jinja.palletsprojects.com/en/stable/sandbox/
 */

import type { Budget } from "./budget.ts";
import { findMethod, isMutating } from "./methods.ts";
import { toRepr } from "./text-form.ts";
import {
  Dict,
  hasPairs,
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
  const found = attribute === undefined ? findItem(object, name) : attribute;
  return found === undefined ? absent(object, name) : found;
}

/** `object[key]`: an item, else, for a name, an attribute. */
export function getItem(object: Value, key: Value, budget: Budget): Value {
  if (object instanceof Undefined) return object.fail();
  const item = findItem(object, key);
  if (item !== undefined) return item;
  const attribute = isString(key) ? findAttribute(object, textOf(key), budget) : undefined;
  return attribute === undefined ? absent(object, key) : attribute;
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

function absent(object: Value, key: Value): Undefined {
  const owner = object === null ? "None" : `${ownerName(object)} object`;
  if (isString(key)) return new Undefined(`'${owner}' has no attribute ${toRepr(textOf(key))}`);
  return new Undefined(`${owner} has no element ${toRepr(key)}`);
}

function ownerName(object: Value): string {
  if (object instanceof Namespace) return "jinja2.utils.Namespace";
  return object instanceof Markup ? "markupsafe.Markup" : typeName(object);
}

function findItem(object: Value, key: Value): Value | undefined {
  if (object instanceof Dict) return object.get(key);
  if (typeof key !== "number" && typeof key !== "boolean") return undefined;
  const index = Number(key);
  if (isString(object)) return characterAt(textOf(object), index);
  const items = isList(object) ? object : object instanceof Tuple ? object.items : null;
  return items?.at(index);
}

function characterAt(text: string, index: number): string | undefined {
  return hasPairs(text) ? Array.from(text).at(index) : text.at(index);
}

/** `object[start:stop:step]`; null is an end that is left out. */
export function getSlice(object: Value, bounds: readonly (number | null)[], budget: Budget): Value {
  if (object instanceof Undefined) return object.fail();
  if (isString(object)) {
    const text = textOf(object);
    const characters = hasPairs(text) ? Array.from(text) : null;
    const [start = null, stop = null, step = null] = bounds;
    // The usual case, and without a copy of each character.
    const sliced =
      characters === null && (step === null || step === 1)
        ? text.slice(start ?? 0, stop ?? text.length)
        : sliceItems(characters ?? text.split(""), bounds).join("");
    budget.copy(sliced.length);
    return object instanceof Markup ? new Markup(sliced) : sliced;
  }
  const items = isList(object) ? object : object instanceof Tuple ? object.items : null;
  if (items === null) throw new JinjaError(`'${typeName(object)}' object is not subscriptable`);
  const sliced = sliceItems(items, bounds);
  budget.step(sliced.length);
  return isList(object) ? sliced : new Tuple(sliced);
}

function sliceItems<T>(items: readonly T[], bounds: readonly (number | null)[]): readonly T[] {
  const step = bounds[2] ?? 1;
  if (step === 0) throw new JinjaError("slice step cannot be zero");
  const [start, stop] = step > 0 ? [0, items.length] : [items.length - 1, -1];
  const clamp = (bound: number | null | undefined, byDefault: number): number => {
    if (bound === null || bound === undefined) return byDefault;
    const index = bound < 0 ? bound + items.length : bound;
    return Math.min(Math.max(index, step > 0 ? 0 : -1), step > 0 ? items.length : items.length - 1);
  };
  const end = clamp(bounds[1], stop);
  const sliced: T[] = [];
  for (let index = clamp(bounds[0], start); step > 0 ? index < end : index > end; index += step) {
    const item = items[index];
    if (item !== undefined) sliced.push(item);
  }
  return sliced;
}
