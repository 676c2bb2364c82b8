/** The character classes of ECMAScript's regular expressions. */

import { type CodePointRange, MAX_CODE_POINT } from "./code-points.ts";

export const DIGITS: readonly CodePointRange[] = [[0x30, 0x39]];

export const WORD_CHARACTERS: readonly CodePointRange[] = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];

/** WhiteSpace and LineTerminator. */
export const SPACES: readonly CodePointRange[] = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
];

/** What `.` does not match. */
export const LINE_ENDS: readonly CodePointRange[] = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
];

const properties = new Map<string, readonly CodePointRange[]>();

/** The code points of a Unicode property as `\p{name}` writes it; null for an unknown one. */
export function propertyRanges(name: string): readonly CodePointRange[] | null {
  const known = properties.get(name);
  if (known !== undefined) return known;
  let test: RegExp;
  try {
    test = new RegExp(`\\p{${name}}`, "u");
  } catch {
    return null;
  }
  const ranges: [number, number][] = [];
  for (let codePoint = 0; codePoint <= MAX_CODE_POINT; codePoint += 1) {
    if (!test.test(String.fromCodePoint(codePoint))) continue;
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === codePoint - 1) last[1] = codePoint;
    else ranges.push([codePoint, codePoint]);
  }
  properties.set(name, ranges);
  return ranges;
}
