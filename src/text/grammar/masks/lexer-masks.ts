/**
 * Masks of lexer states: which tokens may follow while a lexeme is open, whatever comes after it. One
 * for each vocabulary and thread; all grammars share the states and so the masks.
 *
 * Where any text may come, the tokens of text are allowed at once (after the slices of llguidance,
 * Moskal 2025). The others are kept in tries by length, so that a counter near its bound makes new
 * masks only for the tokens that are long enough to reach it. What may stand behind the end of a lexeme
 * depends on the stack; such tokens are few (as in XGrammar, Dong et al. 2024) and kept as a trie of
 * their own, of what follows the end. Where a counter counts characters of one kind, as in [a-z]{1,60}, the
 * tokens of that kind are found once and cut to those that have no more characters than are left.
 */

import type { VocabularyBytes } from "../../tokenizer/types.ts";
import { ARENA_NODES, MASK_CACHE_BYTES } from "../limits.ts";
import { at } from "../../../base/invariant.ts";
import { RegexArena } from "../regex/arena.ts";
import { RegexCounters } from "../regex/counters.ts";
import { ANY_LENGTH, DIFFERS, TextReach } from "./text-reach.ts";
import { ClassTries } from "./class-tries.ts";
import { isWide, LexerMask, type MaskPart } from "./lexer-mask.ts";
import { MAX_TEXT_CHARACTERS } from "./token-text.ts";
import { TokenIndex } from "../token-index.ts";
import type { VocabularyTrie } from "./vocabulary-trie.ts";
import { type PreparedVocabulary, prepareVocabulary } from "./prepared-vocabulary.ts";
import { type VocabularyTries, vocabularyTries } from "./vocabulary-tries.ts";

/** How often masks were found, and what they take. */
export interface MaskStatistics {
  readonly found: number;
  readonly made: number;
  readonly bytes: number;
}

/** The masks of one arena's states, and how text goes through them. */
interface ArenaMasks {
  readonly counters: RegexCounters;
  readonly reach: TextReach;
  readonly byState: Map<number, LexerMask>;
  /** Of states with counters: by the states that these are alike. */
  readonly byClamps: Map<string, LexerMask>;
  /** By trie, then by state. */
  readonly parts: readonly Map<number, MaskPart>[];
  readonly classTries: ClassTries;
}

export class LexerMasks {
  readonly vocabulary: VocabularyBytes;
  /** Words of a mask. */
  readonly wordCount: number;
  #prepared: PreparedVocabulary | null;
  #tries: VocabularyTries | null = null;
  #index: TokenIndex | null = null;
  #arena = new RegexArena();
  readonly #byArena = new WeakMap<RegexArena, ArenaMasks>();
  #bytes = 0;
  #found = 0;
  #made = 0;

  /** `prepared` null: made with the first mask, as a matcher that only follows a text needs none. */
  constructor(vocabulary: VocabularyBytes, prepared: PreparedVocabulary | null = null) {
    this.vocabulary = vocabulary;
    this.#prepared = prepared;
    this.wordCount = Math.ceil(vocabulary.flags.length / 32);
  }

  #triesMade(): VocabularyTries {
    this.#tries ??= vocabularyTries(this.#preparedNow());
    return this.#tries;
  }

  #preparedNow(): PreparedVocabulary {
    this.#prepared ??= prepareVocabulary(this.vocabulary);
    return this.#prepared;
  }

  /** The vocabulary in the order of its bytes. */
  index(): TokenIndex {
    this.#index ??= new TokenIndex(this.vocabulary, this.#preparedNow().order);
    return this.#index;
  }

  get statistics(): MaskStatistics {
    return { found: this.#found, made: this.#made, bytes: this.#bytes };
  }

  /**
   * The arena for a grammar that is loaded now. A full one is left to those that use it, and to the
   * garbage collector after them.
   */
  arena(): RegexArena {
    if (this.#arena.size > ARENA_NODES) {
      this.#byArena.delete(this.#arena);
      this.#bytes = 0;
      this.#arena = new RegexArena();
    }
    return this.#arena;
  }

  /** The mask of `state` of `arena`. */
  mask(arena: RegexArena, state: number): LexerMask {
    const masks = this.#masksOf(arena);
    const known = masks.byState.get(state);
    if (known !== undefined) {
      this.#found += 1;
      return known;
    }
    const mask = this.#alike(masks, arena, state);
    masks.byState.set(state, mask);
    return mask;
  }

  #masksOf(arena: RegexArena): ArenaMasks {
    const known = this.#byArena.get(arena);
    if (known !== undefined) return known;
    const { texts, others } = this.#triesMade();
    const counters = new RegexCounters(arena);
    const masks = {
      counters,
      reach: new TextReach(arena, counters),
      byState: new Map(),
      byClamps: new Map(),
      parts: [...texts, ...others].map(() => new Map()),
      classTries: new ClassTries(arena.partitions),
    };
    this.#byArena.set(arena, masks);
    return masks;
  }

  #alike(masks: ArenaMasks, arena: RegexArena, state: number): LexerMask {
    const { text, texts, others } = this.#triesMade();
    const reach = masks.reach.of(state);
    const count = reach === DIFFERS ? masks.counters.characterCount(state) : null;
    const ofText = count?.unbounded ?? state;
    const clamps = [
      ...(reach === DIFFERS ? texts : NO_TRIES).map(({ maxDepth }) => masks.counters.clamp(ofText, maxDepth)),
      ...others.map(({ maxDepth }) => masks.counters.clamp(state, maxDepth)),
    ];
    const most = Math.min(count?.max ?? MAX_TEXT_CHARACTERS, MAX_TEXT_CHARACTERS);
    const key = `${reach}:${most}:${clamps.join()}`;
    const known = masks.byClamps.get(key);
    if (known !== undefined) {
      this.#found += 1;
      return known;
    }
    this.#made += 1;
    const first = reach === DIFFERS ? 0 : texts.length;
    const parts = clamps.map((clamped, index) => this.#part(masks, arena, first + index, clamped));
    const counted = most < MAX_TEXT_CHARACTERS ? [atMost(text.mask(most), parts.splice(0, texts.length))] : [];
    this.#bytes += counted.length * this.wordCount * Uint32Array.BYTES_PER_ELEMENT;
    const mask = new LexerMask(reach > 0 ? text.mask(reach) : null, [...counted, ...parts]);
    masks.byClamps.set(key, mask);
    return mask;
  }

  #part(masks: ArenaMasks, arena: RegexArena, trieIndex: number, state: number): MaskPart {
    const known = masks.parts[trieIndex]?.get(state);
    if (known !== undefined) return known;
    const part = this.#walked(masks, arena, trieIndex, state);
    if (this.#bytes + masks.classTries.bytes + part.bytes > MASK_CACHE_BYTES) {
      for (const cached of [masks.byState, masks.byClamps, masks.classTries, ...masks.parts]) cached.clear();
      this.#bytes = 0;
    }
    this.#bytes += part.bytes;
    masks.parts[trieIndex]?.set(state, part);
    return part;
  }

  #walked({ reach, classTries }: ArenaMasks, arena: RegexArena, trieIndex: number, state: number): MaskPart {
    const { texts, others, walk } = this.#triesMade();
    const trie = at([...texts, ...others], trieIndex);
    // The first question is cheap, and answers for nearly all states that take no text.
    const takesText = (inside: number): boolean =>
      arena.next(inside, SPACE) === inside && reach.of(inside) === ANY_LENGTH;
    const takesAll = trieIndex < texts.length ? takesText : null;
    const alphabet = arena.alphabet(state);
    const merged = classTries.of(alphabet, trieIndex, trie);
    if (merged !== null) {
      const part = walk.part(arena, merged, state, takesAll);
      // What follows a wide exit is walked where it is, byte by byte.
      if (!part.exits.some(isWide)) return part;
    }
    const part = walk.part(arena, trie, state, takesAll);
    classTries.note(alphabet, trieIndex, walk.visited);
    return part;
  }
}

/** What `parts`, which are of text and have no exits, allow of the tokens in `allowed`. */
function atMost(allowed: Uint32Array, parts: readonly MaskPart[]): MaskPart {
  const words = new Uint32Array(allowed.length);
  new LexerMask(null, parts).addTo(words);
  for (let index = 0; index < words.length; index += 1) words[index] = (words[index] ?? 0) & (allowed[index] ?? 0);
  return { tokens: null, words, exits: [], bytes: words.byteLength };
}

const SPACE = 0x20;
const NO_TRIES: readonly VocabularyTrie[] = [];
