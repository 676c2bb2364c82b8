/** All filters by name. */

import { type CallArguments, JinjaError, type Value } from "../values.ts";
import type { Budget } from "../budget.ts";
import type { Filter, FilterContext } from "./filter.ts";
import { SEQUENCE_FILTERS } from "./sequence-filters.ts";
import { TEXT_FILTERS } from "./text-filters.ts";

const FILTERS: ReadonlyMap<string, Filter> = new Map(Object.entries({ ...SEQUENCE_FILTERS, ...TEXT_FILTERS }));

export function hasFilter(name: string): boolean {
  return FILTERS.has(name);
}

/** Throws JinjaError for a name that is no filter's. */
export function applyFilter(name: string, value: Value, args: CallArguments, budget: Budget): Value {
  const filter = FILTERS.get(name);
  if (filter === undefined) throw new JinjaError(`No filter named '${name}'.`);
  const context: FilterContext = {
    budget,
    applyFilter: (other, item, rest) => applyFilter(other, item, rest, budget),
  };
  return filter(value, args, context);
}
