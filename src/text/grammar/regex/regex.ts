/**
 * Regular expressions over bytes as plain data, and their constructors. What matches is the whole text,
 * not a part of it. Text is UTF-8.
 */

import { at } from "../../../base/invariant.ts";

/** 256 bits: byte b is in the set where bit b % 32 of word b / 32 is 1. */
export type ByteSet = Uint32Array;

export function hasByte(set: ByteSet, byte: number): boolean {
  return ((at(set, byte >> 5) >>> (byte & 31)) & 1) === 1;
}

export type Regex =
  /** Matches nothing at all. */
  | { readonly kind: "none" }
  | { readonly kind: "literal"; readonly bytes: Uint8Array }
  | { readonly kind: "bytes"; readonly set: ByteSet }
  | { readonly kind: "concat"; readonly items: readonly Regex[] }
  | { readonly kind: "choice"; readonly options: readonly Regex[] }
  /** `max` null: without bound. */
  | { readonly kind: "repeat"; readonly item: Regex; readonly min: number; readonly max: number | null }
  /** What all items match. */
  | { readonly kind: "both"; readonly items: readonly Regex[] }
  /** Digits, perhaps none, whose number is a multiple of `divisor`. */
  | { readonly kind: "multiple"; readonly divisor: number };

export const NONE: Regex = { kind: "none" };
export const EMPTY: Regex = { kind: "literal", bytes: new Uint8Array(0) };

const encoder = new TextEncoder();

export function literal(text: string): Regex {
  return text === "" ? EMPTY : { kind: "literal", bytes: encoder.encode(text) };
}

export function byteRange(low: number, high: number): Regex {
  const set = new Uint32Array(8);
  addRange(set, low, high);
  return { kind: "bytes", set };
}

/** ASCII characters, each as itself or, as "a-z", a range. */
export function ascii(...ranges: readonly string[]): Regex {
  const set = new Uint32Array(8);
  for (const range of ranges) addRange(set, range.charCodeAt(0), range.charCodeAt(range.length - 1));
  return { kind: "bytes", set };
}

function addRange(set: ByteSet, low: number, high: number): void {
  for (let byte = low; byte <= high; byte += 1) set[byte >> 5] = at(set, byte >> 5) | (1 << (byte & 31));
}

export function concat(...items: readonly Regex[]): Regex {
  const parts = items.filter((item) => item !== EMPTY);
  if (parts.includes(NONE)) return NONE;
  if (parts.length < 2) return parts[0] ?? EMPTY;
  return { kind: "concat", items: parts };
}

export function choice(...options: readonly Regex[]): Regex {
  const parts = options.filter((option) => option !== NONE);
  return parts.length < 2 ? (parts[0] ?? NONE) : { kind: "choice", options: parts };
}

export function optional(item: Regex): Regex {
  return choice(EMPTY, item);
}

/** `max` null: without bound. A `max` below `min` matches nothing. */
export function repeat(item: Regex, min: number, max: number | null): Regex {
  if (max !== null && max < min) return NONE;
  if (max === 0 || item === EMPTY) return EMPTY;
  return min === 1 && max === 1 ? item : { kind: "repeat", item, min, max };
}

export function both(...items: readonly Regex[]): Regex {
  if (items.includes(NONE)) return NONE;
  return items.length === 1 ? at(items, 0) : { kind: "both", items };
}

/** Any of the texts, with common beginnings shared, so that a long list costs no more than a short one. */
export function literals(texts: readonly string[]): Regex {
  return sharedPrefixes([...new Set(texts)].map((text) => encoder.encode(text)).toSorted(compareBytes), 0);
}

/** `sorted` agree up to `start`. */
function sharedPrefixes(sorted: readonly Uint8Array[], start: number): Regex {
  const first = sorted[0];
  if (first === undefined) return NONE;
  const last = at(sorted, sorted.length - 1);
  let end = start;
  while (end < first.length && first[end] === last[end]) end += 1;
  const prefix: Regex = end === start ? EMPTY : { kind: "literal", bytes: first.slice(start, end) };
  const options: Regex[] = [];
  let index = 0;
  if (first.length === end) {
    options.push(EMPTY);
    index = 1;
  }
  while (index < sorted.length) {
    const byte = at(sorted, index)[end];
    let next = index + 1;
    while (next < sorted.length && at(sorted, next)[end] === byte) next += 1;
    options.push(sharedPrefixes(sorted.slice(index, next), end));
    index = next;
  }
  return concat(prefix, choice(...options));
}

export function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    const difference = at(left, index) - at(right, index);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
