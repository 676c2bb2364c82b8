/** The pages of one sequence, in order of position. Changed only by `PagePool`. */

import { at, invariant } from "../../base/invariant.ts";

export class PageTable {
  #pages = new Int32Array(8);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  at(index: number): number {
    return at(this.#pages, index);
  }

  /** Writes the page indices into `out` from `offset` on. */
  copyTo(out: Int32Array, offset: number): void {
    for (let index = 0; index < this.#length; index++) out[offset + index] = this.at(index);
  }

  push(page: number): void {
    if (this.#length === this.#pages.length) {
      const larger = new Int32Array(this.#pages.length * 2);
      larger.set(this.#pages);
      this.#pages = larger;
    }
    this.#pages[this.#length] = page;
    this.#length += 1;
  }

  replace(index: number, page: number): void {
    invariant(index < this.#length, "a replaced page exists");
    this.#pages[index] = page;
  }

  truncate(length: number): void {
    invariant(length <= this.#length, "a table is cut, not grown");
    this.#length = length;
  }
}
