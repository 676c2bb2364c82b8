/** Token ids that grow at the end, in one typed array. */

import { at, invariant } from "../../base/invariant.ts";

export class TokenBuffer {
  #ids: Int32Array;
  #length: number;

  constructor(ids: Int32Array) {
    this.#ids = ids;
    this.#length = ids.length;
  }

  get length(): number {
    return this.#length;
  }

  at(index: number): number {
    return at(this.#ids, index);
  }

  /** Appends one id; the array that the buffer began with is never written to. */
  push(id: number): void {
    if (this.#length === this.#ids.length) {
      const larger = new Int32Array(Math.max(64, this.#ids.length * 2));
      larger.set(this.#ids);
      this.#ids = larger;
    }
    this.#ids[this.#length] = id;
    this.#length += 1;
  }

  /** Ids [from, to): a copy. */
  slice(from: number, to: number): Int32Array {
    invariant(to <= this.#length, "a slice lies in the buffer");
    return this.#ids.slice(from, to);
  }

  /** How many ids from `from` on are those that `other` begins with. */
  commonLength(from: number, other: Int32Array): number {
    const end = Math.min(this.#length - from, other.length);
    let length = 0;
    while (length < end && this.#ids[from + length] === other[length]) length += 1;
    return length;
  }

  /** How many ids from `from` on, and before `end`, are the same as in `other`. */
  commonUntil(from: number, end: number, other: TokenBuffer): number {
    const last = Math.min(end, this.#length, other.#length);
    let index = from;
    while (index < last && this.#ids[index] === other.#ids[index]) index += 1;
    return index;
  }

  /** Copies ids [from, to) into `out` from `offset` on. */
  copyTo(out: Int32Array, offset: number, from: number, to: number): void {
    for (let index = from; index < to; index++) out[offset + index - from] = this.at(index);
  }
}
