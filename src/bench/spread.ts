/** Several measurements of one thing, as a report gives them. */

import { invariant } from "../base/invariant.ts";

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Of an even number of values the median is the mean of the middle two. */
export function spreadOf(values: readonly number[]): Spread {
  invariant(values.length > 0, "a spread is of at least one value");
  const sorted = values.toSorted((a, b) => a - b);
  const upper = Math.floor(sorted.length / 2);
  const lower = Math.ceil(sorted.length / 2) - 1;
  const at = (index: number): number => sorted[index] ?? 0;
  return { median: (at(lower) + at(upper)) / 2, min: at(0), max: at(sorted.length - 1) };
}
