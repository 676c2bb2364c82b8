/** Sequences in their fixed order of service. */

import type { Sequence } from "./sequence.ts";

export class ServiceQueue {
  readonly #items: Sequence[] = [];

  get items(): readonly Sequence[] {
    return this.#items;
  }

  get length(): number {
    return this.#items.length;
  }

  /** Most arrivals are the last, so the search for the place begins at the end. */
  add(sequence: Sequence): void {
    let index = this.#items.length;
    while (index > 0 && this.#items[index - 1]?.precedes(sequence) === false) index -= 1;
    this.#items.splice(index, 0, sequence);
  }

  /** False where it was not there. */
  remove(sequence: Sequence): boolean {
    const index = this.#items.indexOf(sequence);
    if (index < 0) return false;
    this.#items.splice(index, 1);
    return true;
  }
}
