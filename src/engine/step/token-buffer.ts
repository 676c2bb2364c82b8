/** Token ids that grow at the end, in one typed array. */

import { at } from "../../base/invariant.ts";

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

  /** Copies ids [from, to) into `out` from `offset` on. */
  copyTo(out: Int32Array, offset: number, from: number, to: number): void {
    for (let index = from; index < to; index++) out[offset + index - from] = this.at(index);
  }
}
