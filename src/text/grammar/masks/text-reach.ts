/**
 * How much text a lexer state takes, whatever the text says: inside a free string any number of
 * characters, near its `maxLength` those that are left. What is uniform needs no walk over a vocabulary.
 */

import type { RegexArena } from "../regex/arena.ts";
import { DEAD } from "../regex/expressions.ts";
import type { RegexCounters } from "../regex/counters.ts";
import { MAX_TEXT_CHARACTERS, UTF8_FORMS } from "./token-text.ts";

/** Bytes within which counters are looked at: no token of text has more characters. */
const MAX_REACH = MAX_TEXT_CHARACTERS;
/** A minimum and a maximum may both count down. */
const MAX_CHAIN = 2 * MAX_REACH + 2;
/** Any text may come, and then more. */
export const ANY_LENGTH = Infinity;
/** Some characters may come and others not: tokens have to be looked at. */
export const DIFFERS = -1;

export class TextReach {
  readonly #arena: RegexArena;
  readonly #counters: RegexCounters;
  readonly #known = new Map<number, number>();

  constructor(arena: RegexArena, counters: RegexCounters) {
    this.#arena = arena;
    this.#counters = counters;
  }

  /**
   * ANY_LENGTH; or n: exactly the texts of at most n characters keep the lexeme open; or DIFFERS. Where it
   * is not DIFFERS the lexeme ends nowhere on the way.
   */
  of(state: number): number {
    const start = this.#counters.clamp(state, MAX_REACH);
    const chain: number[] = [];
    let reach = this.#known.get(start);
    for (let at = start; reach === undefined;) {
      chain.push(at);
      const next = this.#afterCharacter(at);
      if (next === at) reach = ANY_LENGTH;
      else if (next === DEAD) reach = 0;
      else if (next === DIFFERS || chain.length > MAX_CHAIN) reach = DIFFERS;
      else reach = this.#known.get(next);
      if (reach === undefined) at = next;
      else if (next !== DEAD && next !== DIFFERS && next !== at && reach !== DIFFERS) reach += 1;
    }
    for (const [index, passed] of chain.toReversed().entries()) {
      this.#known.set(passed, reach === DIFFERS ? DIFFERS : reach + index);
    }
    return this.#known.get(start) ?? DIFFERS;
  }

  /** The one state that every character leads to, DEAD where none leads on, or DIFFERS. */
  #afterCharacter(state: number): number {
    const target = this.#arena.next(state, 0x61);
    if (target !== DEAD && this.#arena.nullable(target)) return DIFFERS;
    for (let byte = 0x20; byte < 0x80; byte += 1) {
      if (byte !== 0x22 && byte !== 0x5c && this.#arena.next(state, byte) !== target) return DIFFERS;
    }
    for (const { leads, second, further } of UTF8_FORMS) {
      for (let lead = leads[0]; lead <= leads[1]; lead += 1) {
        if (!this.#leadsOnly(this.#arena.next(state, lead), second, further, target)) return DIFFERS;
      }
    }
    return target;
  }

  /** Whether `further` bytes from `state`, the first of them in `range`, lead to `target` and nowhere else. */
  #leadsOnly(state: number, [low, high]: readonly [number, number], further: number, target: number): boolean {
    if (state === DEAD) return target === DEAD;
    if (this.#arena.nullable(state)) return false;
    let before = DEAD;
    for (let byte = low; byte <= high; byte += 1) {
      const next = this.#arena.next(state, byte);
      if (further === 1) {
        if (next !== target) return false;
      } else if (next !== before && !this.#leadsOnly(next, [0x80, 0xbf], further - 1, target)) {
        return false;
      }
      before = next;
    }
    return true;
  }
}
