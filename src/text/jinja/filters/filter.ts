/** What a filter is: a function of a value and of the arguments in its parentheses. */

import { toInteger } from "../arguments.ts";
import type { Budget } from "../budget.ts";
import { getItem } from "../lookup.ts";
import { splitBy } from "../string-methods.ts";
import { type CallArguments, isString, textOf, Undefined, type Value } from "../values.ts";

export interface FilterContext {
  readonly budget: Budget;
  /** Applies another filter, for `map`. */
  applyFilter(name: string, value: Value, args: CallArguments): Value;
}

export type Filter = (value: Value, args: CallArguments, context: FilterContext) => Value;

/** Reads "a.b.0" of an item; null reads the item itself. */
export function attributeReader(
  attribute: Value,
  budget: Budget,
  byDefault: Value | undefined,
): (item: Value) => Value {
  if (attribute === null) return (item) => item;
  const path = isString(attribute)
    ? splitBy(textOf(attribute), ".", -1, false, budget).map((part) => (/^\d+$/.test(part) ? Number(part) : part))
    : [toInteger(attribute, 0)];
  return (item) => {
    let value = item;
    for (const part of path) {
      budget.step();
      value = getItem(value, part, budget);
      if (value instanceof Undefined && byDefault !== undefined) value = byDefault;
    }
    return value;
  };
}
