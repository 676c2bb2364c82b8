/** Walks tries with a lexer state and gathers the tokens that keep the lexeme open or end with it. */

import { DEAD, DONE, type RegexArena } from "../regex/arena.ts";
import { LexerMask, type LexemeExit, allow } from "./lexer-mask.ts";
import type { VocabularyTrie } from "./vocabulary-trie.ts";

/** A mask with fewer tokens is kept as a list. */
const SPARSE_TOKENS = 1024;
const BYTES = 256;

export class TrieWalk {
  readonly #words: Uint32Array;
  readonly #states: Int32Array;
  #arena: RegexArena | null = null;
  #exits: LexemeExit[] = [];
  #tokens: number[] = [];
  #isDense = false;

  /** Over tries of at most `depth` bytes. */
  constructor(wordCount: number, depth: number) {
    this.#words = new Uint32Array(wordCount);
    this.#states = new Int32Array(depth + 1);
  }

  begin(arena: RegexArena): void {
    this.#arena = arena;
    this.#exits = [];
    this.#tokens = [];
    this.#isDense = false;
  }

  tokens(trie: VocabularyTrie, start: number): void {
    this.#walkAll(trie, start, null);
  }

  /** As `tokens`, of tokens of text: all below a node are allowed where `takesAll` says so of its state. */
  text(trie: VocabularyTrie, start: number, takesAll: (state: number) => boolean): void {
    this.#walkAll(trie, start, takesAll);
  }

  /** The mask of what was gathered, and of `shared`. */
  finish(shared: Uint32Array | null): LexerMask {
    if (!this.#isDense) return new LexerMask(shared, null, Int32Array.from(this.#tokens), this.#exits);
    const own = this.#words.slice();
    this.#words.fill(0);
    return new LexerMask(shared, own, new Int32Array(0), this.#exits);
  }

  #walkAll(trie: VocabularyTrie, start: number, takesAll: ((state: number) => boolean) | null): void {
    const arena = this.#arena;
    if (arena === null || start === DEAD) return;
    for (let byte = 0; byte < BYTES; byte += 1) {
      const root = trie.roots[byte] ?? -1;
      if (root >= 0 && arena.next(start, byte) !== DEAD) this.#walk(arena, trie, start, root, takesAll);
    }
  }

  #walk(
    arena: RegexArena,
    trie: VocabularyTrie,
    start: number,
    root: number,
    takesAll: ((state: number) => boolean) | null,
  ): void {
    const { bytes, depths, skips, tokenStarts } = trie;
    const states = this.#states;
    const end = skips[root] ?? 0;
    states[0] = start;
    for (let node = root; node < end;) {
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
