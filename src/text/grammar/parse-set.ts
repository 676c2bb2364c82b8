/** Open parses: where each stands in its lexeme, and what is on its stack. A set, in no order. */

import { fail } from "../../base/errors.ts";
import { GRAMMAR_LIMITS } from "./limits.ts";

/** Above this a linear search for duplicates gives way to a map. */
const SMALL = 16;

export class ParseSet {
  /** By parse: a state of the arena, or tokenState() of a token that is awaited. */
  readonly states: number[] = [];
  readonly stacks: number[] = [];
  /** The text so far is whole. */
  complete = false;
  #seen: Set<number> | null = null;

  get size(): number {
    return this.states.length;
  }

  clear(): void {
    this.states.length = 0;
    this.stacks.length = 0;
    this.complete = false;
    this.#seen = null;
  }

  add(state: number, stack: number): void {
    if (this.#has(state, stack)) return;
    if (this.size >= GRAMMAR_LIMITS.parses) {
      fail("grammar_limit", { what: "open parses", limit: GRAMMAR_LIMITS.parses, limitName: "parses" });
    }
    this.states.push(state);
    this.stacks.push(stack);
    this.#seen?.add(keyOf(state, stack));
  }

  addAll(other: ParseSet): void {
    for (let index = 0; index < other.size; index += 1) this.add(other.states[index] ?? 0, other.stacks[index] ?? 0);
    this.complete ||= other.complete;
  }

  #has(state: number, stack: number): boolean {
    if (this.#seen === null && this.size > SMALL) {
      this.#seen = new Set(this.states.map((known, index) => keyOf(known, this.stacks[index] ?? 0)));
    }
    if (this.#seen !== null) return this.#seen.has(keyOf(state, stack));
    for (let index = 0; index < this.size; index += 1) {
      if (this.states[index] === state && this.stacks[index] === stack) return true;
    }
    return false;
  }
}

/** Both are below 2^26: they number nodes that are held in memory. */
function keyOf(state: number, stack: number): number {
  return state * 2 ** 26 + stack;
}

/** Waits for token `id`; never a state of the arena. */
export const tokenState = (id: number): number => -1 - id;
export const awaitedToken = (state: number): number => -1 - state;
