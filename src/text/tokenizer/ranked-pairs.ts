/** The ranked merges of a BPE vocabulary, "left right" in stored form, as a pair table. */

import { fail } from "../../base/errors.ts";
import { MAX_RANKS, type PairTable, pairTableBuilder } from "./pair-table.ts";

/** Writes a token's bytes at bytes[offset] and returns their number; at most 3 a code unit. */
export type TokenWriter = (token: string, bytes: Uint8Array, offset: number) => number;

/** The id of the token bytes[start .. start + length), or -1. */
export type TokenFinder = (bytes: Uint8Array, start: number, length: number) => number;

/**
 * A merge whose parts or result are not in the vocabulary can never apply and is left out.
 * Throws `tokenizer_invalid` where that is so for all; `example` shows then what a token looks like.
 */
export function buildRankedPairs(
  merges: readonly string[],
  write: TokenWriter,
  tokenOf: TokenFinder,
  example: string,
): PairTable {
  if (merges.length > MAX_RANKS) {
    fail("tokenizer_invalid", { problem: `${merges.length} merges are above the limit ${MAX_RANKS}.` });
  }
  const builder = pairTableBuilder();
  let scratch = new Uint8Array(1024);
  for (const [rank, merge] of merges.entries()) {
    // The left part is not empty, so a space at 0 would be its own.
    const cut = merge.indexOf(" ", 1);
    if (cut < 0) continue;
    if (merge.length * 3 > scratch.length) scratch = new Uint8Array(merge.length * 6);
    const leftLength = write(merge.slice(0, cut), scratch, 0);
    const rightLength = write(merge.slice(cut + 1), scratch, leftLength);
    const left = tokenOf(scratch, 0, leftLength);
    const right = tokenOf(scratch, leftLength, rightLength);
    const merged = tokenOf(scratch, 0, leftLength + rightLength);
    if (left >= 0 && right >= 0 && merged >= 0) builder.add(left, right, rank, merged);
  }
  if (merges.length > 0 && builder.size === 0) {
    fail("tokenizer_invalid", { problem: `No merge joins tokens of the vocabulary; tokens look like "${example}".` });
  }
  return builder.build();
}
