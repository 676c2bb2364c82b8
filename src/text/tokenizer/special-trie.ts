/** Special tokens by their text: which one a text spells at a place, of several the longest. */

import { wellFormed } from "./utf8-text.ts";

interface Node {
  readonly next: Map<number, Node>;
  /** The token that ends here, or -1. */
  id: number;
}

export interface SpecialMatch {
  readonly id: number;
  readonly end: number;
}

export class SpecialTrie {
  readonly #root: Node = { next: new Map(), id: -1 };
  /** By code unit: 1 where a token begins with it. Lets the search pass over text quickly. */
  readonly #begins = new Uint8Array(0x10000);
  #isEmpty = true;

  /** Of equal tokens the first counts. */
  insert(token: string, id: number): void {
    const text = wellFormed(token);
    if (text === "") return;
    this.#begins[text.charCodeAt(0)] = 1;
    this.#isEmpty = false;
    let node = this.#root;
    for (let index = 0; index < text.length; index += 1) {
      const unit = text.charCodeAt(index);
      let next = node.next.get(unit);
      if (next === undefined) {
        next = { next: new Map(), id: -1 };
        node.next.set(unit, next);
      }
      node = next;
    }
    if (node.id < 0) node.id = id;
  }

  /** The first place from `start` on where a token may begin; the text's length where there is none. */
  candidate(text: string, start: number): number {
    if (this.#isEmpty) return text.length;
    let index = start;
    while (index < text.length && this.#begins[text.charCodeAt(index)] === 0) index += 1;
    return index;
  }

  /** The longest token that `text` spells at `start`. */
  match(text: string, start: number): SpecialMatch | null {
    let found: SpecialMatch | null = null;
    let node: Node | undefined = this.#root;
    for (let index = start; index < text.length; index += 1) {
      node = node.next.get(text.charCodeAt(index));
      if (node === undefined) break;
      if (node.id >= 0) found = { id: node.id, end: index + 1 };
    }
    return found;
  }
}
