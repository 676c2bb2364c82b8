/** Plain data, such as parsed JSON, as values of a template. */

import type { Budget } from "./budget.ts";
import { Dict, JinjaError, JinjaFloat, type Value } from "./values.ts";

/** Deepest nesting of what is given to a template; JSON Schemas of tools go to about 20. */
const MAX_DEPTH = 200;

/** A field that is undefined is left out. Throws JinjaError for what is no plain data. */
export function fromPlain(value: unknown, budget: Budget, depth = 0): Value {
  if (depth > MAX_DEPTH) throw new JinjaError(`its variables nest deeper than ${MAX_DEPTH}`);
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isSafeInteger(value) ? value : new JinjaFloat(value);
  if (Array.isArray(value)) return value.map((item) => fromPlain(item, budget, depth + 1));
  if (typeof value !== "object") throw new JinjaError(`a variable is a ${typeof value}, not plain data`);
  const fields = Object.entries(value).filter(([, item]) => item !== undefined);
  return new Dict(
    fields.map(([key, item]) => [key, fromPlain(item, budget, depth + 1)]),
    budget,
  );
}
