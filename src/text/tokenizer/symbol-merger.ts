/**
 * Applies a pair table to the symbols of one word: again and again the pair of the lowest rank, of
 * equal ones the leftmost, until no pair is in the table. Short words by scanning, long ones with a
 * heap over a linked list, so that n symbols take O(n log n).
 * Source: Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units" (2016).
 */

import { at } from "../../base/invariant.ts";
import type { PairTable } from "./pair-table.ts";

export interface SymbolMerger {
  /** Merges symbols[0..count) in place and returns the new count. */
  merge(symbols: Int32Array, count: number): number;
}

/** Up to here scanning is faster than a heap (measured: the two cross at about 30 to 50). */
const SCAN_SYMBOLS = 40;
const NO_RANK = 0x7fffffff;
/** A heap key is rank x this + position. */
const POSITIONS = 2 ** 31;

export function createSymbolMerger(pairs: PairTable): SymbolMerger {
  const entries = new Int32Array(SCAN_SYMBOLS);
  const ranks = new Int32Array(SCAN_SYMBOLS);
  return {
    merge: (symbols, count) =>
      count <= SCAN_SYMBOLS ? mergeByScan(pairs, symbols, count, entries, ranks) : mergeByHeap(pairs, symbols, count),
  };
}

/** entries[i] and ranks[i] are of the pair (i, i + 1), kept up to date. */
function mergeByScan(
  pairs: PairTable,
  symbols: Int32Array,
  count: number,
  entries: Int32Array,
  ranks: Int32Array,
): number {
  const look = (index: number, last: number): void => {
    const entry = index < last ? pairs.find(symbols[index] ?? -1, symbols[index + 1] ?? -1) : -1;
    entries[index] = entry;
    ranks[index] = entry < 0 ? NO_RANK : (pairs.ranks[entry] ?? NO_RANK);
  };
  let last = count - 1;
  for (let index = 0; index < last; index += 1) look(index, last);
  while (last > 0) {
    let best = 0;
    let bestRank = NO_RANK;
    for (let index = 0; index < last; index += 1) {
      const rank = ranks[index] ?? NO_RANK;
      if (rank < bestRank) {
        bestRank = rank;
        best = index;
      }
    }
    if (bestRank === NO_RANK) break;
    symbols[best] = pairs.merged[entries[best] ?? 0] ?? -1;
    for (let index = best + 1; index < last; index += 1) {
      symbols[index] = symbols[index + 1] ?? -1;
      entries[index] = entries[index + 1] ?? -1;
      ranks[index] = ranks[index + 1] ?? NO_RANK;
    }
    last -= 1;
    if (best > 0) look(best - 1, last);
    look(best, last);
  }
  return last + 1;
}

/**
 * The heap holds a key for each pair that was ever adjacent; a key is stale when the pair at its
 * position has another rank now, or none. At most 3 keys a symbol are pushed.
 */
function mergeByHeap(pairs: PairTable, symbols: Int32Array, count: number): number {
  const next = Int32Array.from({ length: count }, (_, index) => (index + 1 < count ? index + 1 : -1));
  const previous = Int32Array.from({ length: count }, (_, index) => index - 1);
  const entries = new Int32Array(count).fill(-1);
  const heap = createKeyHeap(count * 3);
  const look = (index: number): void => {
    const following = at(next, index);
    const entry = following < 0 ? -1 : pairs.find(symbols[index] ?? -1, symbols[following] ?? -1);
    entries[index] = entry;
    if (entry >= 0) heap.push(at(pairs.ranks, entry) * POSITIONS + index);
  };
  for (let index = 0; index < count; index += 1) look(index);
  for (let key = heap.pop(); key >= 0; key = heap.pop()) {
    const index = key % POSITIONS;
    const entry = at(entries, index);
    if (entry < 0 || at(pairs.ranks, entry) !== (key - index) / POSITIONS) continue;
    symbols[index] = at(pairs.merged, entry);
    const removed = at(next, index);
    const following = at(next, removed);
    next[index] = following;
    if (following >= 0) previous[following] = index;
    entries[removed] = -1;
    const before = at(previous, index);
    if (before >= 0) look(before);
    look(index);
  }
  let length = 0;
  for (let index = 0; index >= 0; index = at(next, index)) symbols[length++] = symbols[index] ?? -1;
  return length;
}

interface KeyHeap {
  push(key: number): void;
  /** The smallest key, or -1. */
  pop(): number;
}

/** A binary min-heap of non-negative numbers. */
function createKeyHeap(capacity: number): KeyHeap {
  const keys = new Float64Array(capacity);
  let size = 0;
  return {
    push(key) {
      let hole = size++;
      while (hole > 0) {
        const parent = (hole - 1) >> 1;
        const above = keys[parent] ?? 0;
        if (above <= key) break;
        keys[hole] = above;
        hole = parent;
      }
      keys[hole] = key;
    },
    pop() {
      if (size === 0) return -1;
      const top = keys[0] ?? -1;
      size -= 1;
      const moved = keys[size] ?? -1;
      let hole = 0;
      for (let child = 1; child < size; child = 2 * hole + 1) {
        if (child + 1 < size && (keys[child + 1] ?? 0) < (keys[child] ?? 0)) child += 1;
        const below = keys[child] ?? 0;
        if (moved <= below) break;
        keys[hole] = below;
        hole = child;
      }
      keys[hole] = moved;
      return top;
    },
  };
}
