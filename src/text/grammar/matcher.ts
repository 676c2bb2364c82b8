/**
 * One generation under a grammar: which tokens may come next, and what has come. Parses run side by
 * side where the text is ambiguous. Deterministic, synchronous, and without a model.
 */

import { at, invariant } from "../../base/invariant.ts";
import { TOKEN_FLAG } from "../tokenizer/types.ts";
import { hasTokenFlag, tokenBytes } from "../tokenizer/vocabulary-bytes.ts";
import type { EndTokens } from "./masks/lexeme-ends.ts";
import { addTokens, allow, type LexerMask } from "./masks/lexer-mask.ts";
import type { VocabularyTrie } from "./masks/vocabulary-trie.ts";
import { ParseSet, awaitedToken, tokenState } from "./parse-set.ts";
import type { Pushdown } from "./pushdown.ts";
import { DEAD } from "./regex/expressions.ts";

/** A span without a choice ends here at the latest: what is forced is used as a draft. */
const MAX_FORCED_BYTES = 256;

/** Of tool calls: one for each tool until the name tells them apart. */
const MAX_POSITION_PARSES = 64;
/** Letters, and digits: a state that takes all of one kind is content. */
const FREE_BYTES = ["azAZ", "37"].map((characters) => [...Buffer.from(characters)]);

export class Matcher {
  readonly #pushdown: Pushdown;
  /** The parses before each accepted token and after the last. */
  readonly #history: ParseSet[];
  /** The last accepted token was an end token. */
  #ended = false;
  /** By depth in the trie. */
  readonly #walks: ParseSet[] = [];

  constructor(pushdown: Pushdown) {
    this.#pushdown = pushdown;
    this.#history = [pushdown.start()];
  }

  get #now(): ParseSet {
    return at(this.#history, this.#history.length - 1);
  }

  /** The text so far is whole; more may be allowed all the same. */
  get isComplete(): boolean {
    return this.#now.complete;
  }

  /** An end token was accepted, or the text is whole and cannot go on. */
  get isFinished(): boolean {
    return this.#ended || (this.#now.complete && this.#now.size === 0);
  }

  /**
   * Sets bit t % 32 of word t / 32 for each token t that may come next, clears the others. End tokens
   * are allowed where the text is whole. `words` holds the whole vocabulary. Of `left` tokens, the next
   * one counted, those are allowed behind which the text can be brought to its end, unless that is past
   * saving. Gives whether this may have left out a token.
   */
  fillMask(words: Uint32Array, left = Infinity): boolean {
    words.fill(0);
    const { masks } = this.#pushdown;
    invariant(words.length === masks.wordCount, "a mask has a bit for each token");
    const now = this.#now;
    const after = this.#tokensAfterNext(left);
    let isNarrowed = false;
    if (now.complete) for (const id of masks.vocabulary.endOfGenerationIds) allow(words, id);
    for (let index = 0; index < now.size; index += 1) {
      const state = now.states[index] ?? DEAD;
      const stack = now.stacks[index] ?? 0;
      if (state >= 0) isNarrowed = this.#addParse(words, state, stack, after) || isNarrowed;
      else if (after === Infinity || this.#pushdown.closing.ofStack(stack) <= after) allow(words, awaitedToken(state));
      else isNarrowed = true;
    }
    return isNarrowed;
  }

  /** How many tokens there are for what follows the next one; Infinity where no number of them has to do. */
  #tokensAfterNext(left: number): number {
    return left === Infinity || this.#pushdown.closing.tokens(this.#now) > left ? Infinity : left - 1;
  }

  /** Adds what one parse allows with `after` tokens behind it; gives whether these are too few for some of it. */
  #addParse(words: Uint32Array, state: number, stack: number, after: number): boolean {
    const { masks, arena } = this.#pushdown;
    const mask = masks.mask(arena, state);
    const isBounded = after !== Infinity;
    const inLexeme = isBounded ? after - this.#pushdown.closing.ofStack(stack) : Infinity;
    const isWide = !isBounded || this.#pushdown.closing.mostInLexeme(state) <= inLexeme;
    if (isWide) mask.addTo(words);
    else this.#pushdown.closing.allowAlong(state, inLexeme, words);
    if (!mask.hasSuffixes) return !isWide;
    const { tokens, left, mostLeft } = this.#endTokens(mask, stack, isBounded);
    if (!isBounded || left === null || mostLeft <= after) {
      addTokens(words, tokens);
      return !isWide;
    }
    for (const [index, token] of tokens.entries()) if (at(left, index) <= after) allow(words, token);
    return true;
  }

  /** The tokens that end a lexeme of `mask` inside themselves where `stack` is under it. */
  #endTokens(mask: LexerMask, stack: number, isBounded: boolean): EndTokens {
    const { masks, ends } = this.#pushdown;
    const known = ends.get(mask.id, stack);
    if (known !== undefined && (known.left !== null || !isBounded)) return known;
    const next = this.#pushdown.continuation(stack);
    const tokens: number[] = [];
    const left: number[] | null = isBounded ? [] : null;
    if (next.size > 0) {
      const joined = mask.suffixes(masks.vocabulary);
      this.#tokensAlong(joined, 0, joined.nodeCount, next, tokens, left);
      for (const { trie, node } of mask.wideExits) {
        this.#tokensAlong(trie, node + 1, trie.skips[node] ?? 0, next, tokens, left);
      }
    }
    const entry = {
      tokens: Int32Array.from(tokens),
      left: left === null ? null : Float64Array.from(left),
      mostLeft: left?.reduce((most, count) => Math.max(most, count), 0) ?? Infinity,
    };
    ends.set(mask.id, stack, entry);
    return entry;
  }

  /**
   * Adds to `found` the tokens of the nodes `first` to `end` of `trie`, side by side at the top, whose bytes may
   * follow `from`, and to `left` how many bring the text to its end behind each.
   */
  #tokensAlong(
    trie: VocabularyTrie,
    first: number,
    end: number,
    from: ParseSet,
    found: number[],
    left: number[] | null,
  ): void {
    const { bytes, depths, skips, tokens, tokenStarts } = trie;
    const top = depths[first] ?? 0;
    for (let node = first; node < end;) {
      const depth = (depths[node] ?? 0) - top;
      const before = depth === 0 ? from : at(this.#walks, depth - 1);
      const after = (this.#walks[depth] ??= new ParseSet());
      this.#pushdown.advance(before, bytes[node] ?? 0, after);
      if (after.size === 0 && !after.complete) {
        node = skips[node] ?? end;
        continue;
      }
      const start = tokenStarts[node] ?? 0;
      const last = tokenStarts[node + 1] ?? 0;
      const more = left === null || start === last ? 0 : this.#pushdown.closing.tokens(after);
      for (let index = start; index < last; index += 1) {
        found.push(tokens[index] ?? 0);
        left?.push(more);
      }
      node += 1;
    }
  }

  /** Whether `token` may come next; if so it counts as said. */
  accept(token: number): boolean {
    const { vocabulary } = this.#pushdown.masks;
    if (this.#ended) return false;
    if (hasTokenFlag(vocabulary, token, TOKEN_FLAG.endOfGeneration) && this.#now.complete) {
      this.#history.push(new ParseSet());
      this.#ended = true;
      return true;
    }
    const next = this.#after(token);
    if (next === null) return false;
    this.#history.push(next);
    return true;
  }

  /** As `accept`, for bytes of which the cut into tokens does not count. */
  acceptBytes(bytes: Uint8Array): boolean {
    const next = this.#run(this.#now, bytes);
    if (next === null) return false;
    this.#history.push(next);
    return true;
  }

  #after(token: number): ParseSet | null {
    const { vocabulary } = this.#pushdown.masks;
    const now = this.#now;
    const awaiting = now.stacks.filter((_, index) => now.states[index] === tokenState(token));
    if (awaiting.length > 0) return this.#behind(awaiting);
    if (hasTokenFlag(vocabulary, token, TOKEN_FLAG.hidden | TOKEN_FLAG.control | TOKEN_FLAG.endOfGeneration))
      return null;
    const bytes = tokenBytes(vocabulary, token);
    return bytes.length === 0 ? null : this.#run(now, bytes);
  }

  /** The parses behind a token that all of `stacks` await. */
  #behind(stacks: readonly number[]): ParseSet {
    const next = new ParseSet();
    for (const stack of stacks) next.addAll(this.#pushdown.continuation(stack));
    return next;
  }

  #run(from: ParseSet, bytes: Uint8Array): ParseSet | null {
    let parses = from;
    for (const byte of bytes) {
      const next = new ParseSet();
      this.#pushdown.advance(parses, byte, next);
      if (next.size === 0 && !next.complete) return null;
      parses = next;
    }
    return parses;
  }

  /** Takes back the last `count` tokens. */
  rollback(count: number): void {
    invariant(count >= 0 && count < this.#history.length, "only accepted tokens are taken back");
    if (count > 0) this.#ended = false;
    this.#history.length -= count;
  }

  /** The open parses as a key, the same wherever the text goes on alike; null where they are too many. */
  get position(): string | null {
    const { size, states, stacks } = this.#now;
    return size === 0 || size > MAX_POSITION_PARSES ? null : `${states.join()}:${stacks.join()}`;
  }

  /** Whether what comes next is mostly given by the grammar: neither free text nor a number is open. */
  get isStructural(): boolean {
    const { arena } = this.#pushdown;
    const takes = (state: number, byte: number): boolean => state >= 0 && arena.next(state, byte) !== DEAD;
    return !this.#now.states.some((state) => FREE_BYTES.some((bytes) => bytes.every((byte) => takes(state, byte))));
  }

  /** The bytes that must come next, as far as there is one way only; at most 256. */
  forced(): Uint8Array {
    const bytes: number[] = [];
    let parses = this.#now;
    while (bytes.length < MAX_FORCED_BYTES && !parses.complete && !this.#ended) {
      const byte = this.#onlyByte(parses);
      if (byte < 0) break;
      bytes.push(byte);
      const next = new ParseSet();
      this.#pushdown.advance(parses, byte, next);
      parses = next;
    }
    return Uint8Array.from(bytes);
  }

  /** The one byte that all parses go on with, or -1. */
  #onlyByte({ states }: ParseSet): number {
    let only = -1;
    for (const state of states) {
      const byte = state < 0 ? -1 : this.#pushdown.arena.onlyByte(state);
      if (byte < 0 || (only >= 0 && byte !== only)) return -1;
      only = byte;
    }
    return only;
  }
}
