/** Walks tries with a lexer state and gathers the tokens that keep the lexeme open or end with it. */

import type { RegexArena } from "../regex/arena.ts";
import { DEAD, DONE } from "../regex/expressions.ts";
import { type LexemeExit, type MaskPart, allow } from "./lexer-mask.ts";
import type { VocabularyTrie } from "./vocabulary-trie.ts";

/** A mask with fewer tokens is kept as a list. */
const SPARSE_TOKENS = 1024;
const BYTES = 256;
/** What the objects of a part, and of an exit, take beside their arrays, about. */
const PART_BYTES = 300;
const EXIT_BYTES = 40;

/** Whether all tokens of text keep a lexeme open that is in this state. */
export type TakesAll = (state: number) => boolean;

export class TrieWalk {
  readonly #words: Uint32Array;
  readonly #states: Int32Array;
  #exits: LexemeExit[] = [];
  #tokens: number[] = [];
  #isDense = false;
  #visited = 0;

  /** Over tries of at most `depth` bytes. */
  constructor(wordCount: number, depth: number) {
    this.#words = new Uint32Array(wordCount);
    this.#states = new Int32Array(depth + 1);
  }

  /** Nodes that the last walk looked at. */
  get visited(): number {
    return this.#visited;
  }

  /** What `start` allows of `trie`; of a trie of text all below a node is allowed where `takesAll` says so. */
  part(arena: RegexArena, trie: VocabularyTrie, start: number, takesAll: TakesAll | null): MaskPart {
    this.#exits = [];
    this.#tokens = [];
    this.#isDense = false;
    this.#visited = 0;
    for (let byte = 0; byte < BYTES; byte += 1) {
      const root = trie.roots[byte] ?? -1;
      if (root >= 0 && arena.next(start, byte) !== DEAD) this.#walk(arena, trie, start, root, takesAll);
    }
    return this.#finish();
  }

  #finish(): MaskPart {
    const exits = this.#exits;
    const entryBytes = PART_BYTES + exits.length * EXIT_BYTES;
    if (!this.#isDense) {
      const tokens = Int32Array.from(this.#tokens);
      return { tokens, words: null, exits, bytes: entryBytes + tokens.byteLength };
    }
    const words = this.#words.slice();
    this.#words.fill(0);
    return { tokens: null, words, exits, bytes: entryBytes + words.byteLength };
  }

  #walk(arena: RegexArena, trie: VocabularyTrie, start: number, root: number, takesAll: TakesAll | null): void {
    const { bytes, depths, skips, tokenStarts } = trie;
    const states = this.#states;
    const end = skips[root] ?? 0;
    states[0] = start;
    let visited = 0;
    for (let node = root; node < end;) {
      visited += 1;
      const depth = depths[node] ?? 0;
      const before = states[depth] ?? DEAD;
      const state = arena.next(before, bytes[node] ?? 0);
      const skip = skips[node] ?? end;
      if (state === DEAD) {
        node = skip;
        continue;
      }
      const own = tokenStarts[node] ?? 0;
      if (takesAll !== null && skip > node + 1 && state !== DONE && takesAll(state)) {
        this.#take(trie, own, tokenStarts[skip] ?? 0);
        node = skip;
        continue;
      }
      states[depth + 1] = state;
      this.#take(trie, own, tokenStarts[node + 1] ?? 0);
      if (skip > node + 1 && arena.nullable(state)) this.#exits.push({ trie, node });
      node = state === DONE ? skip : node + 1;
    }
    this.#visited += visited;
  }

  #take({ tokens }: VocabularyTrie, from: number, to: number): void {
    for (let index = from; index < to; index += 1) {
      const token = tokens[index] ?? 0;
      if (this.#isDense) allow(this.#words, token);
      else this.#tokens.push(token);
    }
    if (this.#isDense || this.#tokens.length <= SPARSE_TOKENS) return;
    this.#isDense = true;
    for (const token of this.#tokens) allow(this.#words, token);
    this.#tokens = [];
  }
}
