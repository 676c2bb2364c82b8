/**
 * The counters that bounded repetitions are: states that differ in them alone are one state over a length that
 * does not reach their bounds, so that masks are made once for all.
 */

import { unreachable } from "../../../base/invariant.ts";
import type { RegexArena } from "./arena.ts";
import { DEAD, type RegexExpressions, type SingleNode } from "./expressions.ts";
import { type ByteSet, hasByte } from "./regex.ts";

export interface CharacterCount {
  readonly unbounded: number;
  readonly max: number;
}

/** Longer tokens than this are told apart from each other only in their masks' cost. */
const MAX_CLAMP_LENGTH = 4095;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** First bytes of a character by the number of further ones (The Unicode Standard, table 3-7). */
const LEAD_BYTES: readonly (readonly [low: number, high: number])[] = [
  [0x00, 0x7f],
  [0xc2, 0xdf],
  [0xe0, 0xef],
  [0xf0, 0xf4],
];

export class RegexCounters {
  readonly #arena: RegexArena;
  readonly #expressions: RegexExpressions;
  readonly #clamped = new Map<number, number>();
  readonly #characters = new Map<number, boolean>();
  readonly #textEnds = new Map<number, boolean>();

  constructor(arena: RegexArena) {
    this.#arena = arena;
    this.#expressions = arena.expressions;
  }

  /**
   * A state that goes on like `state` over any `length` bytes, the same for all states whose counters
   * are too far from their bounds to matter within that length.
   */
  clamp(state: number, length: number): number {
    if (!this.#expressions.counts(state)) return state;
    const keyOf = (each: number): number => each * (MAX_CLAMP_LENGTH + 1) + Math.min(length, MAX_CLAMP_LENGTH);
    const known = {
      get: (each: number) => this.#clamped.get(keyOf(each)),
      set: (each: number, clamped: number) => this.#clamped.set(keyOf(each), clamped),
    };
    return this.#expressions.fold(
      state,
      known,
      (node, last) => this.#clampNode(node, last, length),
      (left, rest) => this.#expressions.concat(this.clamp(left, length), rest),
    );
  }

  #clampNode(node: SingleNode, state: number, length: number): number {
    switch (node.kind) {
      case "none":
      case "empty":
      case "bytes":
      case "multiple":
        return state;
      case "choice":
        return this.#expressions.choice(node.parts.map((part) => this.clamp(part, length)));
      case "both":
        return this.#expressions.both(node.parts.map((part) => this.clamp(part, length)));
      case "repeat": {
        // Each round takes a byte at least: one that takes none changes nothing.
        const max = node.max > length ? Infinity : node.max;
        return this.#expressions.repeat(this.clamp(node.item, length), Math.min(node.min, length + 1), max);
      }
      default:
        return unreachable(node);
    }
  }

  /**
   * Where `state` takes up to `max` characters of some kind, and then what no text begins with: the state that
   * takes any number of them. Null elsewhere. Text here is UTF-8 that a JSON string holds without escapes.
   */
  characterCount(state: number): CharacterCount | null {
    const node = this.#expressions.node(state);
    if (node.kind !== "concat") return null;
    const repeated = this.#expressions.node(node.left);
    if (repeated.kind !== "repeat" || repeated.max === Infinity) return null;
    if (!this.#isCharacter(repeated.item) || !this.#endsText(node.right)) return null;
    return {
      unbounded: this.#expressions.concat(this.#expressions.repeat(repeated.item, 0, Infinity), node.right),
      max: repeated.max,
    };
  }

  /** Whether each way through `item` is one character, but for those that begin with a backslash. */
  #isCharacter(item: number): boolean {
    const known = this.#characters.get(item);
    if (known !== undefined) return known;
    const node = this.#expressions.node(item);
    const is =
      node.kind === "choice" ? node.parts.every((part) => this.#isCharacter(part)) : this.#spellsCharacter(item);
    this.#characters.set(item, is);
    return is;
  }

  #spellsCharacter(spelling: number): boolean {
    const sets: ByteSet[] = [];
    let last = spelling;
    for (let node = this.#expressions.node(last); node.kind === "concat"; node = this.#expressions.node(last)) {
      const first = this.#expressions.node(node.left);
      if (first.kind !== "bytes") return false;
      sets.push(first.set);
      last = node.right;
      if (isWithin(first.set, BACKSLASH, BACKSLASH)) return true;
    }
    const end = this.#expressions.node(last);
    if (end.kind !== "bytes") return false;
    const [lead, ...further] = [...sets, end.set];
    const [low, high] = LEAD_BYTES[further.length] ?? [1, 0];
    return isWithin(lead, low, high) && further.every((set) => isWithin(set, 0x80, 0xbf));
  }

  #endsText(state: number): boolean {
    const known = this.#textEnds.get(state);
    if (known !== undefined) return known;
    let ends = !this.#arena.nullable(state);
    for (let byte = 0x20; byte <= 0xff && ends; byte += 1) {
      ends = byte === QUOTE || byte === BACKSLASH || this.#arena.next(state, byte) === DEAD;
    }
    this.#textEnds.set(state, ends);
    return ends;
  }
}

function isWithin(set: ByteSet, low: number, high: number): boolean {
  for (let byte = 0; byte < 256; byte += 1) if (hasByte(set, byte) && (byte < low || byte > high)) return false;
  return true;
}
