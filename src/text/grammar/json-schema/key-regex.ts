/** Keys of members that a schema does not name: any JSON string in its plain spelling but the named ones. */

import { ANY_CODE_POINT, type CodePointRange, complementRanges, jsonCharacters } from "../regex/code-points.ts";
import { EMPTY, NONE, type Regex, choice, concat, repeat } from "../regex/regex.ts";

interface Branch {
  readonly next: Map<number, Branch>;
  isName: boolean;
}

const ANYTHING = repeat(jsonCharacters(ANY_CODE_POINT), 0, null);

/** The contents of a string that is none of `names`. */
export function otherKeys(names: Iterable<string>): Regex {
  const root: Branch = { next: new Map(), isName: false };
  for (const name of names) {
    let branch = root;
    for (const character of name) {
      const codePoint = character.codePointAt(0) ?? 0;
      const known = branch.next.get(codePoint) ?? { next: new Map<number, Branch>(), isName: false };
      branch.next.set(codePoint, known);
      branch = known;
    }
    branch.isName = true;
  }
  return besides(root);
}

/** Texts from `branch` on that end at no name: they leave the names' tree, or end between two of them. */
function besides({ next, isName }: Branch): Regex {
  const characters = [...next.keys()].map((codePoint): CodePointRange => [codePoint, codePoint]);
  const leaving = concat(jsonCharacters(complementRanges(characters)), ANYTHING);
  const within = [...next].map(([codePoint, branch]) =>
    concat(jsonCharacters([[codePoint, codePoint]]), besides(branch)),
  );
  return choice(isName ? NONE : EMPTY, leaving, ...within);
}
