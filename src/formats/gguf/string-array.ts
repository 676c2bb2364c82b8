/**
 * An array of strings as a GGUF file stores it: one run of bytes, each string after an 8-byte length.
 * Nothing is decoded until it is asked for, so that a vocabulary of 128k tokens costs one scan.
 * Vocabularies hold bytes that are not UTF-8; `bytes(i)` gives them as they are.
 */

import { at } from "../../base/invariant.ts";

export interface GgufStringArray {
  readonly length: number;
  /** String `index`, decoded; U+FFFD where it is not UTF-8. */
  get(index: number): string;
  /** The bytes of string `index`; shared, not to be written to. */
  bytes(index: number): Uint8Array;
  /** All strings, decoded. Not cached. */
  toArray(): readonly string[];
}

/** Bytes of the length before each string. */
const PREFIX_BYTES = 8;

const encoder = new TextEncoder();

/**
 * Strings with their length prefixes, string i at `starts[i]`, and `starts[count]` = region.length + 8.
 * Decoding the region at once and cutting it was measured: a third faster, not worth its rules.
 */
export function wrapStringRegion(region: Uint8Array, starts: Uint32Array): GgufStringArray {
  const length = starts.length - 1;
  const bytes = (index: number): Uint8Array => region.subarray(at(starts, index), at(starts, index + 1) - PREFIX_BYTES);
  // Twice as fast as a TextDecoder for texts as short as tokens.
  const text = Buffer.from(region.buffer, region.byteOffset, region.byteLength);
  const get = (index: number): string => text.toString("utf8", at(starts, index), at(starts, index + 1) - PREFIX_BYTES);
  return { length, get, bytes, toArray: () => Array.from({ length }, (_, index) => get(index)) };
}

/** An array of strings to be written; pieces that are not UTF-8 are given as bytes. */
export function stringArray(values: readonly (string | Uint8Array)[]): GgufStringArray {
  const encoded = values.map((value) => (typeof value === "string" ? encoder.encode(value) : value));
  const starts = new Uint32Array(values.length + 1);
  let end = 0;
  for (const [index, bytes] of encoded.entries()) {
    starts[index] = end + PREFIX_BYTES;
    end += PREFIX_BYTES + bytes.length;
  }
  starts[values.length] = end + PREFIX_BYTES;
  const region = new Uint8Array(end);
  for (const [index, bytes] of encoded.entries()) region.set(bytes, at(starts, index));
  return wrapStringRegion(region, starts);
}
