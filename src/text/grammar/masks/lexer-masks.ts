/**
 * Masks of lexer states: which tokens may follow while a lexeme is open, whatever comes after it. One
 * for each vocabulary and thread; all grammars share the states and so the masks.
 *
 * Tokens are kept in tries by length, so that a counter near its bound (`maxLength` almost reached)
 * makes new masks only for the tokens that are long enough to reach it.
 */

import type { VocabularyBytes } from "../../tokenizer/types.ts";
import { ARENA_NODES, MASK_CACHE_BYTES } from "../limits.ts";
import { DEAD, DONE, RegexArena } from "../regex/arena.ts";
import { type VocabularyTrie, buildVocabularyTrie } from "./vocabulary-trie.ts";

/** Bytes of the longest tokens of each trie but the last. */
const TIERS = [4, 8, 16] as const;
/** A mask with fewer tokens is kept as a list. */
const SPARSE_TOKENS = 512;

export interface LexerMask {
  /** Tokens that keep the lexeme open or end exactly with it: a list, or null where `words` is. */
  readonly tokens: Int32Array | null;
  readonly words: Uint32Array | null;
  /** Nodes of the trie where the lexeme may end and longer tokens go on. */
  readonly exits: Int32Array;
}

export interface Tier {
  readonly trie: VocabularyTrie;
  readonly masks: Map<number, LexerMask>;
}

export class LexerMasks {
  readonly vocabulary: VocabularyBytes;
  readonly tiers: readonly Tier[];
  /** Words of a mask. */
  readonly wordCount: number;
  #arena = new RegexArena();
  #bytes = 0;
  readonly #scratch: Uint32Array;
  readonly #states: Int32Array;

  /** A second of work for 128k tokens; keep it as long as the vocabulary. */
  constructor(vocabulary: VocabularyBytes) {
    this.vocabulary = vocabulary;
    this.wordCount = Math.ceil(vocabulary.flags.length / 32);
    const ends = [...TIERS, Infinity];
    this.tiers = ends
      .map((end, index) => buildVocabularyTrie(vocabulary, (ends[index - 1] ?? 0) + 1, end))
      .filter((trie) => trie.nodeCount > 0)
      .map((trie) => ({ trie, masks: new Map() }));
    this.#scratch = new Uint32Array(this.wordCount);
    this.#states = new Int32Array(1 + Math.max(0, ...this.tiers.map(({ trie }) => trie.maxDepth)));
  }

  /**
   * The arena for a grammar that is loaded now. A full one is left to those that use it, and to the
   * garbage collector after them.
   */
  arena(): RegexArena {
    if (this.#arena.size > ARENA_NODES) {
      this.#arena = new RegexArena();
      this.#clear();
    }
    return this.#arena;
  }

  /** The mask of `state` of `arena` over the tokens of `tier`. */
  mask(tier: Tier, arena: RegexArena, state: number): LexerMask {
    const clamped = arena.clamp(state, tier.trie.maxDepth);
    const known = arena === this.#arena ? tier.masks.get(clamped) : undefined;
    if (known !== undefined) return known;
    const mask = this.#walk(tier.trie, arena, clamped);
    if (arena !== this.#arena) return mask;
    const size = mask.exits.byteLength + (mask.tokens ?? mask.words ?? mask.exits).byteLength;
    if (this.#bytes + size > MASK_CACHE_BYTES) this.#clear();
    this.#bytes += size;
    tier.masks.set(clamped, mask);
    return mask;
  }

  #clear(): void {
    for (const { masks } of this.tiers) masks.clear();
    this.#bytes = 0;
  }

  #walk(trie: VocabularyTrie, arena: RegexArena, start: number): LexerMask {
    const { nodeCount, bytes, depths, skips, tokens, sameBytes } = trie;
    const states = this.#states;
    const words = this.#scratch.fill(0);
    const exits: number[] = [];
    let count = 0;
    states[0] = start;
    for (let node = 0; node < nodeCount;) {
      const depth = depths[node] ?? 0;
      const state = arena.next(states[depth] ?? DEAD, bytes[node] ?? 0);
      const skip = skips[node] ?? nodeCount;
      if (state === DEAD) {
        node = skip;
        continue;
      }
      states[depth + 1] = state;
      for (let token = tokens[node] ?? -1; token >= 0; token = sameBytes[token] ?? -1) {
        words[token >> 5] = (words[token >> 5] ?? 0) | (1 << (token & 31));
        count += 1;
      }
      if (skip > node + 1 && arena.nullable(state)) exits.push(node);
      node = state === DONE ? skip : node + 1;
    }
    const dense = count > SPARSE_TOKENS;
    return {
      tokens: dense ? null : listTokens(words, count),
      words: dense ? words.slice() : null,
      exits: Int32Array.from(exits),
    };
  }
}

function listTokens(words: Uint32Array, count: number): Int32Array {
  const tokens = new Int32Array(count);
  let found = 0;
  for (const [index, bits] of words.entries()) {
    for (let rest = bits; rest !== 0; rest &= rest - 1) tokens[found++] = index * 32 + (31 - Math.clz32(rest & -rest));
  }
  return tokens;
}

/** `words` with what `mask` allows added. */
export function addMask(words: Uint32Array, mask: LexerMask): void {
  if (mask.words !== null) {
    addWords(words, mask.words);
  } else {
    for (const token of mask.tokens ?? []) words[token >> 5] = (words[token >> 5] ?? 0) | (1 << (token & 31));
  }
}

export function addWords(words: Uint32Array, more: Uint32Array): void {
  for (let index = 0; index < words.length; index += 1) words[index] = (words[index] ?? 0) | (more[index] ?? 0);
}
