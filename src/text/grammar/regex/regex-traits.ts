/**
 * What can be said of a regular expression by looking at it, without an automaton: most grammars have
 * thousands of lexemes and need no more to be checked.
 */

import { at, unreachable } from "../../../base/invariant.ts";
import type { Regex } from "./regex.ts";

/** Whether the empty text matches. */
export function matchesEmpty(regex: Regex): boolean {
  switch (regex.kind) {
    case "none":
    case "bytes":
      return false;
    case "literal":
      return regex.bytes.length === 0;
    case "concat":
    case "both":
      return regex.items.every(matchesEmpty);
    case "choice":
      return regex.options.some(matchesEmpty);
    case "repeat":
      return regex.min === 0 || matchesEmpty(regex.item);
    case "multiple":
      return true;
    default:
      return unreachable(regex);
  }
}

/** Whether any text matches; of an intersection `decide` has to say. */
export function matchesSomething(regex: Regex, decide: (intersection: Regex) => boolean): boolean {
  switch (regex.kind) {
    case "none":
      return false;
    case "literal":
    case "multiple":
      return true;
    case "bytes":
      return regex.set.some((word) => word !== 0);
    case "concat":
      return regex.items.every((item) => matchesSomething(item, decide));
    case "choice":
      return regex.options.some((option) => matchesSomething(option, decide));
    case "repeat":
      return regex.min === 0 || matchesSomething(regex.item, decide);
    case "both":
      return regex.items.length === 1 ? matchesSomething(at(regex.items, 0), decide) : decide(regex);
    default:
      return unreachable(regex);
  }
}
