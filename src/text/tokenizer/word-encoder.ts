/** One word's bytes to ids: from the cache, or by the model. Holds the room that words are written in. */

import { hashBytes } from "./byte-index.ts";
import type { TokenBuffer } from "./token-buffer.ts";
import { WordCache } from "./word-cache.ts";

/** Appends the ids of word[0..length), which is not empty; `hash` is hashBytes of it. */
export type WordModel = (word: Uint8Array, length: number, hash: number, out: TokenBuffer) => void;

export interface WordEncoder {
  /** Room for a word of `length` bytes, to be written and then encoded; valid until the next call. */
  room(length: number): Uint8Array;
  /** Appends the ids of the first `length` bytes of the room. */
  encode(length: number, out: TokenBuffer): void;
}

/** Room for longer words is not kept. */
const KEPT_BYTES = 1 << 16;

export function createWordEncoder(model: WordModel): WordEncoder {
  const cache = new WordCache();
  const kept = new Uint8Array(KEPT_BYTES);
  let word = kept;
  return {
    room(length) {
      word = length <= KEPT_BYTES ? kept : new Uint8Array(length);
      return word;
    },
    encode(length, out) {
      if (length === 0) return;
      const hash = hashBytes(word, 0, length);
      if (cache.appendKnown(word, length, hash, out)) return;
      const first = out.length;
      model(word, length, hash, out);
      cache.store(word, length, hash, out, first);
      word = kept;
    },
  };
}
