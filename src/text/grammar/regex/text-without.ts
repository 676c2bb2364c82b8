/** Texts in which a mark does not occur. */

import { invariant } from "../../../base/invariant.ts";
import { complementRanges, utf8 } from "./code-points.ts";
import { choice, concat, literal, repeat, type Regex } from "./regex.ts";

/** UTF-8 without `mark`, which is ASCII of two characters at least; its first one occurs in it once. */
export function textWithout(mark: string): Regex {
  const first = mark.charAt(0);
  invariant(/^[\0-\x7f]{2,}$/.test(mark) && mark.lastIndexOf(first) === 0, "a mark is ASCII, its first letter alone");
  const starts = Array.from(mark.slice(1), (_, index) => mark.slice(0, index + 1));
  // A start of the mark is followed by another start, by what departs from the mark, or by nothing.
  const begun = repeat(choice(...starts.map(literal)), 0, null);
  const departed = choice(...starts.map((start) => concat(literal(start), except(first, mark.charAt(start.length)))));
  return concat(repeat(choice(except(first), concat(begun, departed)), 0, null), begun);
}

/** One character that is none of these. */
function except(...characters: readonly string[]): Regex {
  return utf8(complementRanges(characters.map((character) => [character.charCodeAt(0), character.charCodeAt(0)])));
}
