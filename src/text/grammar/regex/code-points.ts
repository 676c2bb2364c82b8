/**
 * Sets of Unicode code points, and regular expressions of their spellings: as UTF-8, and as they stand
 * inside a JSON string.
 */

import { at } from "../../../base/invariant.ts";
import { NONE, type Regex, ascii, byteRange, choice, concat, literal } from "./regex.ts";

/** Inclusive. */
export type CodePointRange = readonly [low: number, high: number];

export const MAX_CODE_POINT = 0x10ffff;
export const ANY_CODE_POINT: readonly CodePointRange[] = [[0, MAX_CODE_POINT]];

/** Sorted, without overlaps. */
export function normalizeRanges(ranges: readonly CodePointRange[]): readonly CodePointRange[] {
  const merged: [number, number][] = [];
  for (const [low, high] of ranges.toSorted((left, right) => left[0] - right[0])) {
    const last = merged.at(-1);
    if (last !== undefined && low <= last[1] + 1) last[1] = Math.max(last[1], high);
    else merged.push([low, high]);
  }
  return merged;
}

export function complementRanges(ranges: readonly CodePointRange[]): readonly CodePointRange[] {
  const gaps: CodePointRange[] = [];
  let next = 0;
  for (const [low, high] of normalizeRanges(ranges)) {
    if (low > next) gaps.push([next, low - 1]);
    next = high + 1;
  }
  if (next <= MAX_CODE_POINT) gaps.push([next, MAX_CODE_POINT]);
  return gaps;
}

export function intersectRanges(
  left: readonly CodePointRange[],
  right: readonly CodePointRange[],
): readonly CodePointRange[] {
  return complementRanges([...complementRanges(left), ...complementRanges(right)]);
}

/** The code points' UTF-8 spellings; surrogates have none. */
export function utf8(ranges: readonly CodePointRange[]): Regex {
  const options: Regex[] = [];
  for (const [low, high] of intersectRanges(ranges, SCALAR_VALUES)) addUtf8(low, high, options);
  return choice(...options);
}

/** All code points but the surrogates. */
export const SCALAR_VALUES: readonly CodePointRange[] = [
  [0, 0xd7ff],
  [0xe000, MAX_CODE_POINT],
];
/** The last code point of each length in bytes. */
const LENGTH_ENDS = [0x7f, 0x7ff, 0xffff, MAX_CODE_POINT];

/** Splits until each byte's range is independent of the others', as in RE2's compiler. */
function addUtf8(low: number, high: number, options: Regex[]): void {
  for (const end of LENGTH_ENDS) {
    if (low <= end && end < high) {
      addUtf8(low, end, options);
      addUtf8(end + 1, high, options);
      return;
    }
  }
  const length = 1 + LENGTH_ENDS.findIndex((end) => high <= end);
  for (let trailing = 1; trailing < length; trailing += 1) {
    const mask = 2 ** (6 * trailing) - 1;
    if ((low & ~mask) === (high & ~mask)) continue;
    const cut = (low & mask) !== 0 ? (low | mask) + 1 : (high & mask) === mask ? null : high & ~mask;
    if (cut === null) continue;
    addUtf8(low, cut - 1, options);
    addUtf8(cut, high, options);
    return;
  }
  const first = encodeUtf8(low, length);
  const last = encodeUtf8(high, length);
  options.push(concat(...first.map((byte, index) => byteRange(byte, at(last, index)))));
}

const LEAD_BITS = [0, 0xc0, 0xe0, 0xf0];

function encodeUtf8(codePoint: number, length: number): readonly number[] {
  return Array.from({ length }, (_, index) => {
    const bits = codePoint >> (6 * (length - 1 - index));
    if (index === 0) return bits | at(LEAD_BITS, length - 1);
    return (bits & 0x3f) | 0x80;
  });
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** What needs no escape inside a JSON string (RFC 8259 section 7). */
const UNESCAPED: readonly CodePointRange[] = [
  [0x20, QUOTE - 1],
  [QUOTE + 1, BACKSLASH - 1],
  [BACKSLASH + 1, MAX_CODE_POINT],
];
const SHORT_ESCAPES = new Map([
  [QUOTE, '"'],
  [BACKSLASH, "\\"],
  [0x08, "b"],
  [0x0c, "f"],
  [0x0a, "n"],
  [0x0d, "r"],
  [0x09, "t"],
]);

/**
 * The code points as they stand in a JSON string, each in one spelling: escaped only where it must be.
 * One spelling each makes patterns, and keys that must differ from others, exact.
 */
export function jsonCharacters(ranges: readonly CodePointRange[]): Regex {
  const options: Regex[] = [utf8(intersectRanges(ranges, UNESCAPED))];
  for (const [low, high] of intersectRanges(ranges, complementRanges(UNESCAPED))) {
    for (let codePoint = low; codePoint <= high; codePoint += 1) options.push(escaped(codePoint));
  }
  return options.length === 0 ? NONE : choice(...options);
}

function escaped(codePoint: number): Regex {
  const short = SHORT_ESCAPES.get(codePoint);
  if (short !== undefined) return literal(`\\${short}`);
  const low = codePoint & 15;
  const digit = low < 10 ? literal(String(low)) : ascii(low.toString(16), low.toString(16).toUpperCase());
  return concat(literal(`\\u00${codePoint >> 4}`), digit);
}
