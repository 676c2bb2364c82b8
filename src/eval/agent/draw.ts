/**
 * Random draws of the conversation generator. A draw belongs to a split: open values (names, texts, ids) and
 * tools are redrawn until their hash lies in it, so what is held out cannot occur in training.
 */

import { createRandom } from "../../base/random.ts";

export type Split = "training" | "held-out";

/** One in so many texts is held out. */
const HELD_OUT_SHARE = 8;

/** FNV-1a with a last mixing step, so that its low bits depend on all characters. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}

export function splitOf(text: string): Split {
  return hashText(text.toLowerCase()) % HELD_OUT_SHARE === 0 ? "held-out" : "training";
}

export class Draw {
  readonly split: Split;
  readonly #random: () => number;

  constructor(key: string, split: Split) {
    this.split = split;
    this.#random = createRandom(key);
  }

  /** From `low` to `high`, both included. */
  int(low: number, high: number): number {
    return low + Math.floor(this.#random() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#random() * items.length)] as Item;
  }

  shuffled<Item>(items: readonly Item[]): Item[] {
    const all = [...items];
    for (let last = all.length - 1; last > 0; last -= 1) {
      const other = this.int(0, last);
      [all[last], all[other]] = [all[other] as Item, all[last] as Item];
    }
    return all;
  }

  /** `make` again until what it gives is of this split. */
  fresh<Item>(make: () => Item, textOf: (item: Item) => string): Item {
    for (;;) {
      const item = make();
      if (splitOf(textOf(item)) === this.split) return item;
    }
  }
}
