/**
 * Who owns which KV page. Pages are fixed blocks of `pageTokens` tokens, counted by reference: a fork
 * shares them, the first write into a shared partial page copies it. The bytes live in the executor;
 * this file holds only indices, and decides deterministically (last freed, first taken).
 *
 * After vLLM's block manager (Kwon et al. 2023, "Efficient Memory Management for Large Language Model
 * Serving with PagedAttention"). A full page is never written again, so that a later prefix tree may
 * point at it.
 */

import { at, invariant } from "../../base/invariant.ts";

/** The pages of one sequence, in order of position. Changed only by its pool. */
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

  clear(): void {
    this.#length = 0;
  }
}

/** The first `tokens` tokens of page `from` must be copied to page `to` before the next step runs. */
export interface PageCopy {
  readonly from: number;
  readonly to: number;
  readonly tokens: number;
}

export class PagePool {
  readonly pages: number;
  readonly pageTokens: number;
  /** A stack; its top is the next page taken. */
  readonly #free: Int32Array;
  #freeCount: number;
  readonly #references: Int32Array;

  constructor(pages: number, pageTokens: number) {
    this.pages = pages;
    this.pageTokens = pageTokens;
    this.#free = Int32Array.from({ length: pages }, (_, index) => pages - 1 - index);
    this.#freeCount = pages;
    this.#references = new Int32Array(pages);
  }

  get free(): number {
    return this.#freeCount;
  }

  get used(): number {
    return this.pages - this.#freeCount;
  }

  /** Pages that `tokens` tokens fill, the last one perhaps in part. */
  pagesFor(tokens: number): number {
    return Math.ceil(tokens / this.pageTokens);
  }

  /** Pages to take from the pool so that positions [computed, target) of `table` can be written. */
  pagesNeeded(table: PageTable, computed: number, target: number): number {
    const missing = Math.max(0, this.pagesFor(target) - table.length);
    return missing + (this.#mustCopy(table, computed) ? 1 : 0);
  }

  /** The furthest position up to `target` that `available` pages let `table` reach. */
  reach(table: PageTable, computed: number, target: number, available: number): number {
    const spare = available - (this.#mustCopy(table, computed) ? 1 : 0);
    if (spare < 0) return computed;
    return Math.min(target, (table.length + spare) * this.pageTokens);
  }

  /**
   * Makes positions [computed, target) of `table` writable. `pagesNeeded` of them must be free. A
   * copy that must happen first is added to `copies`.
   */
  extend(table: PageTable, computed: number, target: number, copies: PageCopy[]): void {
    if (this.#mustCopy(table, computed)) {
      const index = Math.floor(computed / this.pageTokens);
      const from = table.at(index);
      const to = this.#take();
      copies.push({ from, to, tokens: computed % this.pageTokens });
      table.replace(index, to);
      this.#drop(from);
    }
    while (table.length < this.pagesFor(target)) table.push(this.#take());
  }

  /** Lets the empty table `into` share the pages that hold the first `tokens` tokens of `source`. */
  fork(source: PageTable, tokens: number, into: PageTable): void {
    invariant(into.length === 0, "a fork begins with an empty page table");
    for (let index = 0; index < this.pagesFor(tokens); index++) {
      const page = source.at(index);
      this.#references[page] = this.references(page) + 1;
      into.push(page);
    }
  }

  /** Gives up all pages of `table`. */
  release(table: PageTable): void {
    for (let index = table.length - 1; index >= 0; index--) this.#drop(table.at(index));
    table.clear();
  }

  /** Pages that releasing `table` would free. */
  heldAlone(table: PageTable): number {
    let count = 0;
    for (let index = 0; index < table.length; index++) if (this.references(table.at(index)) === 1) count += 1;
    return count;
  }

  references(page: number): number {
    return at(this.#references, page);
  }

  /** Throws unless the counts agree with each other and with `tables`, the tables of all sequences. */
  checkInvariants(tables: Iterable<PageTable>): void {
    const expected = new Int32Array(this.pages);
    for (const table of tables) {
      for (let index = 0; index < table.length; index++) {
        const page = table.at(index);
        expected[page] = at(expected, page) + 1;
      }
    }
    const isFree = new Uint8Array(this.pages);
    for (let index = 0; index < this.#freeCount; index++) {
      const page = at(this.#free, index);
      invariant(isFree[page] === 0, `page ${page} is free once`);
      isFree[page] = 1;
    }
    for (let page = 0; page < this.pages; page++) {
      const references = this.references(page);
      invariant(references === expected[page], `page ${page} has as many references as holders`);
      invariant((references === 0) === (isFree[page] === 1), `page ${page} is free or referenced`);
    }
  }

  /** A partial page that someone else also holds is copied before it is written. */
  #mustCopy(table: PageTable, computed: number): boolean {
    if (computed % this.pageTokens === 0) return false;
    return this.references(table.at(Math.floor(computed / this.pageTokens))) > 1;
  }

  #take(): number {
    invariant(this.#freeCount > 0, "a page is free when one is taken");
    this.#freeCount -= 1;
    const page = at(this.#free, this.#freeCount);
    this.#references[page] = 1;
    return page;
  }

  #drop(page: number): void {
    const references = this.references(page) - 1;
    invariant(references >= 0, `page ${page} is held when it is dropped`);
    this.#references[page] = references;
    if (references > 0) return;
    this.#free[this.#freeCount] = page;
    this.#freeCount += 1;
  }
}
