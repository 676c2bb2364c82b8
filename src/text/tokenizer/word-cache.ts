/**
 * Remembers the ids of short words. Direct-mapped: a word has one place and takes it from whoever had
 * it, so memory is fixed (about 2 MB) and no text, however odd, makes it slow.
 */

import type { TokenBuffer } from "./token-buffer.ts";

/** Longer words are rare, and so not worth keeping. */
const WORD_BYTES = 32;
const WORD_TOKENS = 8;
const PLACES = 2 ** 15;

export class WordCache {
  readonly #keys = new Uint8Array(PLACES * WORD_BYTES);
  readonly #ids = new Int32Array(PLACES * WORD_TOKENS);
  /** By place: word bytes x 16 + tokens; 0 is empty. */
  readonly #sizes = new Uint16Array(PLACES);

  /** Appends the ids of word[0..length) if they are known. */
  appendKnown(word: Uint8Array, length: number, hash: number, out: TokenBuffer): boolean {
    const place = hash & (PLACES - 1);
    const size = this.#sizes[place] ?? 0;
    if (size >> 4 !== length) return false;
    const key = place * WORD_BYTES;
    for (let index = 0; index < length; index += 1) {
      if (this.#keys[key + index] !== word[index]) return false;
    }
    out.append(this.#ids, place * WORD_TOKENS, size & 15);
    return true;
  }

  /** Keeps the ids of `out` from `first` on for word[0..length), which is not empty, unless they are too many. */
  store(word: Uint8Array, length: number, hash: number, out: TokenBuffer, first: number): void {
    const count = out.length - first;
    if (length > WORD_BYTES || count > WORD_TOKENS) return;
    const place = hash & (PLACES - 1);
    this.#keys.set(word.subarray(0, length), place * WORD_BYTES);
    out.copyTail(first, this.#ids, place * WORD_TOKENS);
    this.#sizes[place] = length * 16 + count;
  }
}
