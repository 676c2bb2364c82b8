/**
 * A grammar made ready to run: its lexemes in the arena, its stacks interned so that equal ones are one
 * number, and what may follow a stack worked out once. Shared by all matchers of the grammar.
 */

import { fail } from "../../base/errors.ts";
import { at, unreachable } from "../../base/invariant.ts";
import { Closing } from "./closing.ts";
import type { Grammar } from "./grammar.ts";
import { GRAMMAR_LIMITS } from "./limits.ts";
import type { LexerMasks } from "./masks/lexer-masks.ts";
import { LexemeEnds } from "./masks/lexeme-ends.ts";
import { ParseSet, tokenState } from "./parse-set.ts";
import type { RegexArena } from "./regex/arena.ts";
import { DEAD, DONE } from "./regex/expressions.ts";

/** Nothing is left to parse after this one. */
const BOTTOM = 0;

/** What remains of `node` when the part before `position` is done; then `below`. */
interface Frame {
  readonly node: number;
  /** Of a sequence the next item, of a repetition the rounds that are done. */
  readonly position: number;
  readonly below: number;
}

export class Pushdown {
  readonly masks: LexerMasks;
  readonly arena: RegexArena;
  /** Tokens that end a lexeme inside themselves, found by the matchers. */
  readonly ends = new LexemeEnds();
  readonly #grammar: Grammar;
  readonly #frames: Frame[] = [{ node: -1, position: 0, below: -1 }];
  readonly #stackOf = new Map<string, number>();
  readonly #continuations: ParseSet[] = [];
  #start: ParseSet | null = null;
  #closing: Closing | null = null;

  constructor(grammar: Grammar, masks: LexerMasks) {
    this.#grammar = grammar;
    this.masks = masks;
    this.arena = masks.arena();
  }

  /** How texts are brought to their end; made for the first one that is bounded. */
  get closing(): Closing {
    this.#closing ??= new Closing(this, this.#grammar, this.masks.index());
    return this.#closing;
  }

  /** The parses before the first byte. Not to be changed. */
  start(): ParseSet {
    if (this.#start === null) {
      const parses = new ParseSet();
      bounded(() => new Expansion(this, this.#grammar, parses).enter(this.#grammar.root, BOTTOM));
      this.#start = parses;
    }
    return this.#start;
  }

  /** The parses that begin where a lexeme with `stack` under it ends. Not to be changed. */
  continuation(stack: number): ParseSet {
    const known = this.#continuations[stack];
    if (known !== undefined) return known;
    const parses = new ParseSet();
    bounded(() => new Expansion(this, this.#grammar, parses).leave(stack));
    this.#continuations[stack] = parses;
    return parses;
  }

  /** Writes the parses after `byte` to `into`, which is another set. */
  advance(from: ParseSet, byte: number, into: ParseSet): void {
    into.clear();
    for (let index = 0; index < from.size; index += 1) {
      const state = from.states[index] ?? DEAD;
      const next = state < 0 ? DEAD : this.arena.next(state, byte);
      if (next === DEAD) continue;
      const stack = from.stacks[index] ?? BOTTOM;
      if (next !== DONE) into.add(next, stack);
      if (this.arena.nullable(next)) into.addAll(this.continuation(stack));
    }
  }

  /** Texts of this grammar have left so much behind that the next one better begins with another. */
  get isCrowded(): boolean {
    return this.#frames.length > GRAMMAR_LIMITS.keptStacks;
  }

  push(node: number, position: number, below: number): number {
    const key = `${node},${position},${below}`;
    const known = this.#stackOf.get(key);
    if (known !== undefined) return known;
    const stack = this.#frames.length;
    this.#frames.push({ node, position, below });
    this.#stackOf.set(key, stack);
    return stack;
  }

  frame(stack: number): Frame {
    return at(this.#frames, stack);
  }
}

/** `expand`, which recurses over rules that may be empty: where these exhaust the stack, the grammar is refused. */
function bounded(expand: () => void): void {
  try {
    expand();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    fail("grammar_invalid", { language: "grammar", problem: "too many of its rules in a row may be empty." });
  }
}

/** The lexemes that may come first, found by entering and leaving nodes until each path meets one. */
class Expansion {
  readonly #pushdown: Pushdown;
  readonly #grammar: Grammar;
  readonly #parses: ParseSet;
  readonly #entered = new Set<string>();
  readonly #left = new Set<number>();

  constructor(pushdown: Pushdown, grammar: Grammar, parses: ParseSet) {
    this.#pushdown = pushdown;
    this.#grammar = grammar;
    this.#parses = parses;
  }

  /** Begins `id`, with `stack` after it. */
  enter(id: number, stack: number): void {
    const key = `${id},${stack}`;
    if (this.#entered.has(key)) return;
    this.#entered.add(key);
    if (this.#entered.size > GRAMMAR_LIMITS.nodes) {
      fail("grammar_limit", { what: "nodes", limit: GRAMMAR_LIMITS.nodes, limitName: "nodes" });
    }
    const node = at(this.#grammar.nodes, id);
    switch (node.kind) {
      case "lexeme": {
        const state = this.#pushdown.arena.intern(node.regex);
        if (state !== DEAD && state !== DONE) this.#parses.add(state, stack);
        if (this.#pushdown.arena.nullable(state)) this.leave(stack);
        return;
      }
      case "token":
        this.#parses.add(tokenState(node.id), stack);
        return;
      case "choice":
        for (const option of node.options) this.enter(option, stack);
        return;
      case "sequence":
        this.#item(id, node.items, 0, stack);
        return;
      case "repeat":
        this.#round(id, 0, stack);
        return;
      default:
        unreachable(node);
    }
  }

  /** Goes on with what `stack` holds. */
  leave(stack: number): void {
    if (this.#left.has(stack)) return;
    this.#left.add(stack);
    if (stack === BOTTOM) {
      this.#parses.complete = true;
      return;
    }
    const { node: id, position, below } = this.#pushdown.frame(stack);
    const node = at(this.#grammar.nodes, id);
    if (node.kind === "sequence") this.#item(id, node.items, position, below);
    else this.#round(id, position, below);
  }

  #item(id: number, items: readonly number[], position: number, below: number): void {
    const item = items[position];
    if (item === undefined) return this.leave(below);
    // Nothing is kept for a last item, so that right recursion does not deepen the stack.
    const after = position + 1 < items.length ? this.#pushdown.push(id, position + 1, below) : below;
    return this.enter(item, after);
  }

  #round(id: number, done: number, below: number): void {
    const node = at(this.#grammar.nodes, id);
    if (node.kind !== "repeat") return;
    const { item, min, max } = node;
    if (done >= min) this.leave(below);
    if (max !== null && done >= max) return;
    // Without an upper bound rounds after the least number are all alike.
    const next = max === null ? Math.min(done + 1, min) : done + 1;
    this.enter(item, this.#pushdown.push(id, next, below));
  }
}
