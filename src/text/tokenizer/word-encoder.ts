/**
 * One word's bytes to ids: from the cache, as a whole token where the model wants that, or by merging
 * its symbols. What the symbols are, and what becomes of one that is no token, is the model's.
 */

import { type ByteIndex, hashBytes } from "./byte-index.ts";
import type { PairTable } from "./pair-table.ts";
import { createSymbolMerger } from "./symbol-merger.ts";
import type { TokenBuffer } from "./token-buffer.ts";
import { WordCache } from "./word-cache.ts";

export interface WordModel {
  readonly pairs: PairTable;
  /** Where a word that is one of these tokens stays whole; null: words are always merged. */
  readonly wholeWords: ByteIndex | null;
  /** Writes the symbols of word[0..length), at most `length`, and returns their number. */
  toSymbols(word: Uint8Array, length: number, symbols: Int32Array): number;
  /** Appends the ids of merged symbols; `word` is the one they came from. */
  emit(symbols: Int32Array, count: number, word: Uint8Array, out: TokenBuffer): void;
}

export interface WordEncoder {
  /** Room for a word of `length` bytes, to be written and then encoded; valid until the next call. */
  room(length: number): Uint8Array;
  /** Appends the ids of the first `length` bytes of the room. */
  encode(length: number, out: TokenBuffer): void;
}

/** Scratch for longer words is not kept. */
const KEPT_BYTES = 1 << 16;

export function createWordEncoder(model: WordModel): WordEncoder {
  const cache = new WordCache();
  const merger = createSymbolMerger(model.pairs);
  const keptWord = new Uint8Array(KEPT_BYTES);
  const keptSymbols = new Int32Array(KEPT_BYTES);
  let word = keptWord;
  return {
    room(length) {
      word = length <= KEPT_BYTES ? keptWord : new Uint8Array(length);
      return word;
    },
    encode(length, out) {
      if (length === 0) return;
      const hash = hashBytes(word, 0, length);
      if (cache.appendKnown(word, length, hash, out)) return;
      const first = out.length;
      const whole = model.wholeWords?.find(word, 0, length, hash) ?? -1;
      if (whole >= 0) {
        out.push(whole);
      } else {
        const symbols = length <= KEPT_BYTES ? keptSymbols : new Int32Array(length);
        const count = merger.merge(symbols, model.toSymbols(word, length, symbols));
        model.emit(symbols, count, word, out);
      }
      cache.store(word, length, hash, out, first);
      word = keptWord;
    },
  };
}
