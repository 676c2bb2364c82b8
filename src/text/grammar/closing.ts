/**
 * How many tokens bring a text to its end, from wherever it stands: of each lexeme the shortest text, cut
 * into the longest tokens that it begins with, and of each choice the shortest way. It is enough, and seldom
 * much more than the least; and there is always a token behind which one token less is enough.
 */

import { at, unreachable } from "../../base/invariant.ts";
import { tokenBytes } from "../tokenizer/vocabulary-bytes.ts";
import type { Grammar, GrammarNode } from "./grammar.ts";
import { allow } from "./masks/lexer-mask.ts";
import type { ParseSet } from "./parse-set.ts";
import type { Pushdown } from "./pushdown.ts";
import { ShortestTexts } from "./regex/shortest-texts.ts";
import type { TokenIndex } from "./token-index.ts";

/** Longer shortest texts count with a token for each byte, so that none of them is written out. */
const MAX_CUT_BYTES = 2048;
/** Bytes of the longest tokens that are looked for. */
const MAX_TOKEN_BYTES = 256;

export class Closing {
  readonly #pushdown: Pushdown;
  readonly #grammar: Grammar;
  readonly #index: TokenIndex;
  readonly #texts: ShortestTexts;
  readonly #ofState = new Map<number, number>();
  readonly #ofStack: number[] = [0];
  #ofNode: Float64Array | null = null;

  constructor(pushdown: Pushdown, grammar: Grammar, index: TokenIndex) {
    this.#pushdown = pushdown;
    this.#grammar = grammar;
    this.#index = index;
    this.#texts = new ShortestTexts(pushdown.arena);
  }

  /** Tokens that end the text from `parses`; Infinity where the vocabulary cannot spell its shortest end. */
  tokens(parses: ParseSet): number {
    if (parses.complete) return 0;
    let fewest = Infinity;
    for (let index = 0; index < parses.size; index += 1) {
      const below = this.ofStack(parses.stacks[index] ?? 0);
      fewest = Math.min(fewest, this.#ofParseState(parses.states[index] ?? 0) + below);
    }
    return fewest;
  }

  /** Tokens for what `stack` holds. */
  ofStack(stack: number): number {
    const open: number[] = [];
    let known = this.#ofStack[stack];
    for (let next = stack; known === undefined; known = this.#ofStack[next]) {
      open.push(next);
      next = this.#pushdown.frame(next).below;
    }
    // Each is the one below and what its own node still asks for.
    for (const passed of open.toReversed()) {
      const { node, position } = this.#pushdown.frame(passed);
      known += this.#left(at(this.#grammar.nodes, node), position);
      this.#ofStack[passed] = known;
    }
    return known;
  }

  /** At least the tokens that end the lexeme of `state` from anywhere inside it. */
  mostInLexeme(state: number): number {
    return this.#texts.mostAfter(state);
  }

  /** Allows those tokens along the shortest end of the lexeme of `state` behind which `limit` are enough to end it. */
  allowAlong(state: number, limit: number, words: Uint32Array): void {
    const { arena, masks } = this.#pushdown;
    if (this.#texts.length(state) === Infinity) return;
    let text = this.#texts.text(state, MAX_TOKEN_BYTES);
    for (let token = this.#index.longest(text); token >= 0; token = this.#index.longest(text)) {
      const bytes = tokenBytes(masks.vocabulary, token);
      if (this.#ofParseState(arena.run(state, bytes)) <= limit) allow(words, token);
      text = text.subarray(0, bytes.length - 1);
    }
  }

  #ofParseState(state: number): number {
    // A token that is awaited is one.
    if (state < 0) return 1;
    const known = this.#ofState.get(state);
    if (known !== undefined) return known;
    const length = this.#texts.length(state);
    const tokens = length > MAX_CUT_BYTES ? this.#spelled(length) : this.#cut(this.#texts.text(state, length));
    this.#ofState.set(state, tokens);
    return tokens;
  }

  #cut(text: Uint8Array): number {
    let tokens = 0;
    for (let rest = text; rest.length > 0; tokens += 1) {
      const token = this.#index.longest(rest);
      if (token < 0) return Infinity;
      rest = rest.subarray(tokenBytes(this.#pushdown.masks.vocabulary, token).length);
    }
    return tokens;
  }

  /** `length` bytes that are not looked at: sure to be enough where each byte of ASCII is a token. */
  #spelled(length: number): number {
    for (let byte = 0x20; byte < 0x7f; byte += 1) if (this.#index.longest(Uint8Array.of(byte)) < 0) return Infinity;
    return length;
  }

  #left(node: GrammarNode, position: number): number {
    const ofNode = (this.#ofNode ??= this.#nodes());
    if (node.kind === "sequence") {
      return node.items.slice(position).reduce((sum, item) => sum + (ofNode[item] ?? 0), 0);
    }
    if (node.kind !== "repeat" || position >= node.min) return 0;
    return (node.min - position) * (ofNode[node.item] ?? 0);
  }

  /** Of each node. The least fixed point, from above. */
  #nodes(): Float64Array {
    const { nodes } = this.#grammar;
    const known = new Float64Array(nodes.length).fill(Infinity);
    for (let changed = true; changed;) {
      changed = false;
      for (let id = nodes.length - 1; id >= 0; id -= 1) {
        const tokens = this.#ofNodeFrom(at(nodes, id), known);
        if (tokens >= at(known, id)) continue;
        known[id] = tokens;
        changed = true;
      }
    }
    return known;
  }

  #ofNodeFrom(node: GrammarNode, known: Float64Array): number {
    switch (node.kind) {
      case "lexeme":
        return this.#ofParseState(this.#pushdown.arena.intern(node.regex));
      case "token":
        return 1;
      case "sequence":
        return node.items.reduce((sum, item) => sum + at(known, item), 0);
      case "choice":
        return node.options.reduce((fewest, option) => Math.min(fewest, at(known, option)), Infinity);
      case "repeat":
        return node.min === 0 ? 0 : node.min * at(known, node.item);
      default:
        return unreachable(node);
    }
  }
}
