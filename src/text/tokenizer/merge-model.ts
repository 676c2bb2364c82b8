/**
 * The word model of both kinds of BPE: a word's symbols are merged, and what is left becomes ids. What
 * the symbols are, and what becomes of one that is no token, is the kind's.
 */

import type { PairTable } from "./pair-table.ts";
import { createSymbolMerger } from "./symbol-merger.ts";
import type { TokenBuffer } from "./token-buffer.ts";
import type { WordModel } from "./word-encoder.ts";

export interface SymbolRules {
  readonly pairs: PairTable;
  /** Writes the symbols of word[0..length), at most `length`, and returns their number. */
  toSymbols(word: Uint8Array, length: number, symbols: Int32Array): number;
  /** Appends the ids of merged symbols; `word` is the one they came from. */
  emit(symbols: Int32Array, count: number, word: Uint8Array, out: TokenBuffer): void;
}

/** Scratch for longer words is not kept. */
const KEPT_SYMBOLS = 1 << 16;

export function createMergeModel(rules: SymbolRules): WordModel {
  const merger = createSymbolMerger(rules.pairs);
  const kept = new Int32Array(KEPT_SYMBOLS);
  return (word, length, _hash, out) => {
    const symbols = length <= KEPT_SYMBOLS ? kept : new Int32Array(length);
    const count = merger.merge(symbols, rules.toSymbols(word, length, symbols));
    rules.emit(symbols, count, word, out);
  };
}
