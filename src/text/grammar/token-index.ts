/** A vocabulary in the order of its tokens' bytes, to find the longest token that a text begins with. */

import type { VocabularyBytes } from "../tokenizer/types.ts";

export class TokenIndex {
  readonly #vocabulary: VocabularyBytes;
  readonly #order: Int32Array;

  /** `order`: the ids of all tokens of text, in the order of their bytes. */
  constructor(vocabulary: VocabularyBytes, order: Int32Array) {
    this.#vocabulary = vocabulary;
    this.#order = order;
  }

  /** The longest token that `text` begins with, or -1. */
  longest(text: Uint8Array): number {
    const { offsets } = this.#vocabulary;
    let low = 0;
    let high = this.#order.length;
    let found = -1;
    for (let depth = 0; depth < text.length && low < high; depth += 1) {
      const byte = text[depth] ?? 0;
      low = this.#firstNotBelow(low, high, depth, byte);
      high = this.#firstNotBelow(low, high, depth, byte + 1);
      const id = this.#order[low] ?? 0;
      // A token that ends here comes before all that go on.
      if (low < high && (offsets[id + 1] ?? 0) - (offsets[id] ?? 0) === depth + 1) found = id;
    }
    return found;
  }

  /** The first place of low..high whose token has `byte` or a higher one at `depth`; they agree before it. */
  #firstNotBelow(low: number, high: number, depth: number, byte: number): number {
    const { bytes, offsets } = this.#vocabulary;
    let first = low;
    let end = high;
    while (first < end) {
      const middle = (first + end) >> 1;
      const id = this.#order[middle] ?? 0;
      const place = (offsets[id] ?? 0) + depth;
      const here = place < (offsets[id + 1] ?? 0) ? (bytes[place] ?? 0) : -1;
      if (here < byte) first = middle + 1;
      else end = middle;
    }
    return first;
  }
}
