/** Checks of what only a defect in Turnwise can break; wrong input has a row in the error table. */

import { TurnwiseError } from "./errors.ts";

/** Throws `invariant_violated` unless `condition` holds. */
export function invariant(condition: unknown, what: string): asserts condition {
  if (!condition) throw new TurnwiseError("invariant_violated", { what });
}

/** For the default branch of a switch over a closed union. */
export function unreachable(value: never): never {
  throw new TurnwiseError("invariant_violated", { what: `unexpected case ${JSON.stringify(value)}` });
}

/** `array[index]`, which must exist. */
export function at<T>(array: { readonly [index: number]: T; readonly length: number }, index: number): T {
  const item = array[index];
  // The text is built only on failure: this runs in inner loops.
  if (item === undefined) invariant(false, `index ${index} is outside 0..${array.length - 1}`);
  return item;
}
