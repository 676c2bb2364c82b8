/** The character classes of ECMAScript's regular expressions. */

import { type CodePointRange, normalizeRanges } from "./code-points.ts";

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
  let runs: RegExp;
  try {
    runs = new RegExp(`\\p{${name}}+`, "gu");
  } catch {
    return null;
  }
  blocks ??= SCANNED.map(([low, high]) => blockOf(low, high));
  const alike = ALIKE.filter(([low]) => new RegExp(`\\p{${name}}`, "u").test(String.fromCodePoint(low)));
  const ranges = normalizeRanges([...alike, ...blocks.flatMap((block) => rangesIn(block, runs))]);
  properties.set(name, ranges);
  return ranges;
}

/** What propertyRanges searches; made once, a megabyte. */
let blocks: readonly Block[] | null = null;

/** One search through a text is a hundred times as fast as a question about each of its characters. */
const SCANNED: readonly CodePointRange[] = [
  [0, 0xd7ff],
  [0xe000, 0xffff],
  [0x10000, 0x3ffff],
  [0xe0000, 0xeffff],
];

/** Planes without characters, and those of private use: all of a plane is alike but for its last two code points. */
const ALIKE: readonly CodePointRange[] = [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16].flatMap((plane) => [
  [plane << 16, (plane << 16) | 0xfffd] as const,
  [(plane << 16) | 0xfffe, (plane << 16) | 0xffff] as const,
]);

/** Code points in their order, as text. */
interface Block {
  readonly first: number;
  readonly text: string;
  /** Of each character, in UTF-16 units. */
  readonly width: number;
}

const LAST_OF_ONE_UNIT = 0xffff;

function blockOf(first: number, last: number): Block {
  const width = first > LAST_OF_ONE_UNIT ? 2 : 1;
  const units = new Uint16Array((last + 1 - first) * width);
  for (let index = 0; index < units.length; index += width) {
    const codePoint = first + index / width;
    if (width === 1) units[index] = codePoint;
    else {
      // The Unicode Standard, table 3-5.
      units[index] = 0xd7c0 + (codePoint >> 10);
      units[index + 1] = 0xdc00 + (codePoint & 0x3ff);
    }
  }
  return { first, text: Buffer.from(units.buffer).toString("utf16le"), width };
}

function rangesIn({ first, text, width }: Block, runs: RegExp): readonly CodePointRange[] {
  return Array.from(text.matchAll(runs), ({ 0: run, index }): CodePointRange => {
    const low = first + index / width;
    return [low, low + run.length / width - 1];
  });
}
