/** The tokens that one lexer state allows, and how they are joined into a mask of the vocabulary. */

import type { VocabularyBytes } from "../../tokenizer/types.ts";
import { buildTrie, type VocabularyTrie } from "./vocabulary-trie.ts";

/** A node of a trie where a lexeme may end and longer tokens go on. */
export interface LexemeExit {
  readonly trie: VocabularyTrie;
  readonly node: number;
}

/** What one state allows of the tokens of one trie: those that keep the lexeme open or end exactly with it. */
export interface MaskPart {
  /** A list, or null where `words` is. */
  readonly tokens: Int32Array | null;
  readonly words: Uint32Array | null;
  readonly exits: readonly LexemeExit[];
  /** Of memory, about. */
  readonly bytes: number;
}

/** To join more than these takes longer than to walk what few of them go on with. */
const WIDE_TOKENS = 256;

let masksMade = 0;

export class LexerMask {
  /** No other mask has it, even after this one is forgotten. */
  readonly id: number;
  readonly #words: readonly Uint32Array[];
  readonly #tokens: readonly Int32Array[];
  readonly hasSuffixes: boolean;
  /** Those below which many tokens lie, as behind a space: to be walked where they are. */
  readonly wideExits: readonly LexemeExit[];
  #exits: readonly LexemeExit[];
  #suffixes: VocabularyTrie | null = null;

  /** What all of `parts` allow, and `text`; null where no text is allowed. */
  constructor(text: Uint32Array | null, parts: readonly MaskPart[]) {
    masksMade += 1;
    this.id = masksMade;
    this.#words = [...(text === null ? [] : [text]), ...parts.flatMap(({ words }) => words ?? [])];
    this.#tokens = parts.flatMap(({ tokens }) => (tokens === null || tokens.length === 0 ? [] : [tokens]));
    const exits = parts.flatMap((part) => part.exits);
    this.hasSuffixes = exits.length > 0;
    this.wideExits = exits.filter(isWide);
    this.#exits = exits.filter((exit) => !isWide(exit));
  }

  /** What tokens that end the lexeme inside themselves go on with, but for the wide exits. Made when first asked for. */
  suffixes(vocabulary: VocabularyBytes): VocabularyTrie {
    this.#suffixes ??= joinSuffixes(vocabulary, this.#exits);
    this.#exits = [];
    return this.#suffixes;
  }

  addTo(words: Uint32Array): void {
    for (const more of this.#words) addWords(words, more);
    for (const tokens of this.#tokens) addTokens(words, tokens);
  }
}

export function isWide(exit: LexemeExit): boolean {
  return tokensBelow(exit) > WIDE_TOKENS;
}

function tokensBelow({ trie: { skips, tokenStarts }, node }: LexemeExit): number {
  return (tokenStarts[skips[node] ?? 0] ?? 0) - (tokenStarts[node + 1] ?? 0);
}

export function addTokens(words: Uint32Array, tokens: Int32Array): void {
  for (const token of tokens) allow(words, token);
}

export function allow(words: Uint32Array, token: number): void {
  words[token >> 5] = (words[token >> 5] ?? 0) | (1 << (token & 31));
}

function addWords(words: Uint32Array, more: Uint32Array): void {
  for (let index = 0; index < words.length; index += 1) words[index] = (words[index] ?? 0) | (more[index] ?? 0);
}

/** Many tokens go on alike behind their ends, so that one walk does for all of them. */
function joinSuffixes(vocabulary: VocabularyBytes, exits: readonly LexemeExit[]): VocabularyTrie {
  const ids: number[] = [];
  const starts: number[] = [];
  for (const { trie, node } of exits) {
    const { depths, skips, tokens, tokenStarts } = trie;
    const passed = (depths[node] ?? 0) + 1;
    const end = tokenStarts[skips[node] ?? 0] ?? 0;
    for (let index = tokenStarts[node + 1] ?? 0; index < end; index += 1) {
      const id = tokens[index] ?? 0;
      ids.push(id);
      starts.push((vocabulary.offsets[id] ?? 0) + passed);
    }
  }
  return buildTrie(vocabulary, { ids: Int32Array.from(ids), starts: Uint32Array.from(starts) });
}
