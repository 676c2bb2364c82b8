/**
 * The merges of a BPE vocabulary as a hash table: a pair of symbols -> how early it merges and into
 * what. Ranked merges and SentencePiece scores both become this. Typed arrays only: 280,000 merges
 * take about 8 MB.
 */

import { at, invariant } from "../../base/invariant.ts";
import { TokenBuffer } from "./token-buffer.ts";

export interface PairTable {
  /** The entry of a pair, or -1. Symbols below 0 are in no pair. */
  find(left: number, right: number): number;
  /** By entry; lower ranks merge first, of equal ones the leftmost. */
  readonly ranks: Int32Array;
  /** By entry: the symbol that the pair becomes. */
  readonly merged: Int32Array;
}

export interface PairTableBuilder {
  readonly size: number;
  /** Symbols are 0 or above. Of equal pairs the first counts. */
  add(left: number, right: number, rank: number, merged: number): void;
  build(): PairTable;
}

/** Ranks and positions share one double in the merger's heap: 2^22 x 2^31 stays exact. */
export const MAX_RANKS = 2 ** 22;

export function pairTableBuilder(): PairTableBuilder {
  const lefts = new TokenBuffer();
  const rights = new TokenBuffer();
  const ranks = new TokenBuffer();
  const merged = new TokenBuffer();
  return {
    get size() {
      return lefts.length;
    },
    add(left, right, rank, into) {
      invariant(left >= 0 && right >= 0 && rank >= 0 && rank < MAX_RANKS, "a pair has symbols and a rank");
      lefts.push(left);
      rights.push(right);
      ranks.push(rank);
      merged.push(into);
    },
    build: () => buildTable(lefts.take(), rights.take(), ranks.take(), merged.take()),
  };
}

function buildTable(lefts: Int32Array, rights: Int32Array, ranks: Int32Array, merged: Int32Array): PairTable {
  // At most half full, so that a miss ends after a few slots.
  const slotCount = 2 ** Math.ceil(Math.log2(Math.max(2, lefts.length * 2)));
  const mask = slotCount - 1;
  /** Entry + 1; 0 is empty. */
  const slots = new Int32Array(slotCount);
  const find = (left: number, right: number): number => {
    for (let slot = hashPair(left, right) & mask; ; slot = (slot + 1) & mask) {
      const entry = (slots[slot] ?? 0) - 1;
      if (entry < 0 || (lefts[entry] === left && rights[entry] === right)) return entry;
    }
  };
  for (let entry = 0; entry < lefts.length; entry += 1) {
    const left = at(lefts, entry);
    const right = at(rights, entry);
    if (find(left, right) >= 0) continue;
    let slot = hashPair(left, right) & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = entry + 1;
  }
  return { find, ranks, merged };
}

function hashPair(left: number, right: number): number {
  const hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right + 1, 0x85ebca6b);
  return hash ^ (hash >>> 15);
}
