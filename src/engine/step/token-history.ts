/**
 * The distinct tokens of a sequence with how often each was generated: what the penalties look at.
 * Sparse, because a sequence uses few of a large vocabulary. Kept only where a penalty is on.
 */

import { at } from "../../base/invariant.ts";

export class TokenHistory {
  readonly #slots = new Map<number, number>();
  #tokens = new Int32Array(64);
  #counts = new Int32Array(64);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** A token of the prompt: known, but not generated. */
  addPrompt(token: number): void {
    this.#slotOf(token);
  }

  addOutput(token: number): void {
    const slot = this.#slotOf(token);
    this.#counts[slot] = at(this.#counts, slot) + 1;
  }

  /** Takes back `outputs`, the last that were added, before which `size` tokens were known. */
  takeBack(outputs: Int32Array, size: number): void {
    for (const token of outputs) {
      const slot = this.#slotOf(token);
      this.#counts[slot] = at(this.#counts, slot) - 1;
    }
    for (let slot = size; slot < this.#size; slot++) this.#slots.delete(at(this.#tokens, slot));
    this.#size = size;
  }

  /** Writes ids and counts from `offset` on, in order of first appearance. */
  copyTo(tokens: Int32Array, counts: Int32Array, offset: number): void {
    for (let slot = 0; slot < this.#size; slot++) {
      tokens[offset + slot] = at(this.#tokens, slot);
      counts[offset + slot] = at(this.#counts, slot);
    }
  }

  #slotOf(token: number): number {
    const known = this.#slots.get(token);
    if (known !== undefined) return known;
    const slot = this.#size;
    if (slot === this.#tokens.length) {
      this.#tokens = grown(this.#tokens);
      this.#counts = grown(this.#counts);
    }
    this.#tokens[slot] = token;
    this.#counts[slot] = 0;
    this.#slots.set(token, slot);
    this.#size += 1;
    return slot;
  }
}

function grown(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}
