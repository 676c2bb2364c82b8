/** Texts under a grammar without a model: tokens drawn from what the mask allows. */

import type { Matcher } from "../../text/grammar/matcher.ts";
import type { VocabularyBytes } from "../../text/tokenizer/types.ts";

/** How often a string, a list or an object is closed where it may be: even draws would hardly ever leave one. */
const CLOSE_SHARE = 0.15;
const CLOSERS = new Set(['"', "}", "]"].map((character) => character.charCodeAt(0)));

export interface MaskTimes {
  readonly maskMicroseconds: number[];
  readonly acceptMicroseconds: number[];
}

export class RandomText {
  readonly #random: () => number;
  readonly #words: Uint32Array;
  /** The tokens that begin with what closes. */
  readonly #closing: Uint32Array;

  constructor({ bytes, offsets, flags }: VocabularyBytes, random: () => number) {
    this.#random = random;
    this.#words = new Uint32Array(Math.ceil(flags.length / 32));
    this.#closing = new Uint32Array(this.#words.length);
    for (let id = 0; id < flags.length; id += 1) {
      if (!CLOSERS.has(bytes[offsets[id] ?? 0] ?? 0)) continue;
      this.#closing[id >> 5] = (this.#closing[id >> 5] ?? 0) | (1 << (id & 31));
    }
  }

  /** Follows one text of at most `maxTokens`, and notes what each token took. */
  follow(matcher: Matcher, maxTokens: number, times: MaskTimes): void {
    for (let tokens = 0; tokens < maxTokens && !matcher.isFinished; tokens += 1) {
      const beginMs = performance.now();
      matcher.fillMask(this.#words);
      const filledMs = performance.now();
      const token = this.#draw();
      const drawnMs = performance.now();
      if (!matcher.accept(token)) return;
      times.acceptMicroseconds.push((performance.now() - drawnMs) * 1000);
      times.maskMicroseconds.push((filledMs - beginMs) * 1000);
    }
  }

  /** Even among those allowed, but for CLOSE_SHARE. */
  #draw(): number {
    const words = this.#words;
    if (this.#random() < CLOSE_SHARE) {
      const closing = words.map((word, index) => word & (this.#closing[index] ?? 0));
      const token = this.#drawFrom(closing);
      if (token >= 0) return token;
    }
    return this.#drawFrom(words);
  }

  #drawFrom(words: Uint32Array): number {
    let count = 0;
    for (let index = 0; index < words.length; index += 1) count += bitCount(words[index] ?? 0);
    let left = Math.floor(this.#random() * count);
    for (let index = 0; index < words.length; index += 1) {
      let rest = words[index] ?? 0;
      const bits = bitCount(rest);
      if (left >= bits) {
        left -= bits;
        continue;
      }
      for (; left > 0; left -= 1) rest &= rest - 1;
      return index * 32 + 31 - Math.clz32(rest & -rest);
    }
    return -1;
  }
}

/** Henry Warren, Hacker's Delight, figure 5-2. */
function bitCount(word: number): number {
  let pairs = word - ((word >>> 1) & 0x55555555);
  pairs = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((pairs + (pairs >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
