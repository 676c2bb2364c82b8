/**
 * The shortest text that leads from a lexer state to the end of its lexeme, the first of them in the order
 * of their bytes: so what is left of it behind a byte is the shortest one from there.
 */

import { at, unreachable } from "../../../base/invariant.ts";
import { GRAMMAR_LIMITS } from "../limits.ts";
import type { RegexArena } from "./arena.ts";
import { DEAD, type SingleNode } from "./expressions.ts";
import { compareBytes } from "./regex.ts";

const DIGIT_0 = 0x30;
const BITS = 32;
const NO_BYTES = new Uint8Array(0);

export class ShortestTexts {
  readonly #arena: RegexArena;
  readonly #lengths = new Map<number, number>();
  readonly #mosts = new Map<number, number>();
  readonly #longests = new Map<number, number>();
  /** Of intersections, which have to be searched for. */
  readonly #found = new Map<number, Uint8Array | null>();

  constructor(arena: RegexArena) {
    this.#arena = arena;
  }

  /** Bytes of the shortest text; Infinity where it could not be found within `livenessStates`. */
  length(state: number): number {
    return this.#arena.expressions.fold(
      state,
      this.#lengths,
      (node, last) => this.#length(node, last),
      (left, rest) => this.length(left) + rest,
    );
  }

  /** The shortest text, or its first `most` bytes. Its length is finite. */
  text(state: number, most: number): Uint8Array {
    const bytes: number[] = [];
    this.#write(state, most, bytes);
    return Uint8Array.from(bytes.slice(0, most));
  }

  /**
   * At least the `length` of every state that can be reached from `state` inside its lexeme. Of
   * intersections without a longest text it is an estimate.
   */
  mostAfter(state: number): number {
    return this.#arena.expressions.fold(
      state,
      this.#mosts,
      (node, last) => this.#mostAfter(node, last),
      (left, rest, right) => Math.max(this.mostAfter(left) + this.length(right), rest),
    );
  }

  #length(node: SingleNode, state: number): number {
    switch (node.kind) {
      case "none":
        return Infinity;
      case "empty":
        return 0;
      case "bytes":
        return 1;
      case "choice":
        return Math.min(...node.parts.map((part) => this.length(part)));
      case "repeat":
        return node.min === 0 ? 0 : node.min * this.length(node.item);
      case "both":
        return this.#search(state)?.length ?? Infinity;
      case "multiple":
        return digitsTo(node.divisor, node.remainder).length;
      default:
        return unreachable(node);
    }
  }

  #write(state: number, most: number, bytes: number[]): void {
    const node = this.#arena.node(state);
    switch (node.kind) {
      case "none":
      case "empty":
        return;
      case "bytes":
        bytes.push(lowestByte(node.set));
        return;
      case "concat":
        this.#writeParts(state, most, bytes);
        return;
      case "choice":
        bytes.push(...this.#firstOf(node.parts, most - bytes.length));
        return;
      case "repeat":
        for (let round = 0; round < node.min && bytes.length < most; round += 1) this.#write(node.item, most, bytes);
        return;
      case "both":
        bytes.push(...(this.#search(state) ?? NO_BYTES).subarray(0, most));
        return;
      case "multiple":
        bytes.push(...digitsTo(node.divisor, node.remainder));
        return;
      default:
        unreachable(node);
    }
  }

  #writeParts(state: number, most: number, bytes: number[]): void {
    let last = state;
    for (
      let node = this.#arena.node(last);
      node.kind === "concat" && bytes.length < most;
      node = this.#arena.node(last)
    ) {
      this.#write(node.left, most, bytes);
      last = node.right;
    }
    if (bytes.length < most) this.#write(last, most, bytes);
  }

  #firstOf(parts: readonly number[], most: number): Uint8Array {
    const shortest = Math.min(...parts.map((part) => this.length(part)));
    const texts = parts.filter((part) => this.length(part) === shortest).map((part) => this.text(part, most));
    return texts.toSorted(compareBytes)[0] ?? NO_BYTES;
  }

  /** By breadth, lower bytes first; null where that takes too long. */
  #search(start: number): Uint8Array | null {
    return remembered(this.#found, start, () => {
      const states = [start];
      const cameFrom = new Map<number, readonly [before: number, byte: number]>([[start, [DEAD, 0]]]);
      for (let index = 0; index < states.length && states.length <= GRAMMAR_LIMITS.livenessStates; index += 1) {
        const state = at(states, index);
        if (this.#arena.nullable(state)) return pathTo(state, start, cameFrom);
        for (const byte of this.#arena.representatives(state)) {
          const next = this.#arena.next(state, byte);
          if (next === DEAD || cameFrom.has(next)) continue;
          cameFrom.set(next, [state, byte]);
          states.push(next);
        }
      }
      return null;
    });
  }

  #mostAfter(node: SingleNode, state: number): number {
    switch (node.kind) {
      case "none":
      case "empty":
        return 0;
      case "bytes":
        return 1;
      case "choice":
        return Math.max(...node.parts.map((part) => this.mostAfter(part)));
      case "repeat":
        return this.mostAfter(node.item) + (node.min < 2 ? 0 : (node.min - 1) * this.length(node.item));
      case "both": {
        const longest = this.#longest(state);
        if (longest !== Infinity) return longest;
        return node.parts.reduce((sum, part) => sum + this.mostAfter(part), this.length(state));
      }
      case "multiple":
        return String(node.divisor).length;
      default:
        return unreachable(node);
    }
  }

  /** Bytes that no text of `state` is longer than; Infinity where there is no such bound. */
  #longest(state: number): number {
    return this.#arena.expressions.fold(
      state,
      this.#longests,
      (node) => this.#ownLongest(node),
      (left, rest) => this.#longest(left) + rest,
    );
  }

  #ownLongest(node: SingleNode): number {
    switch (node.kind) {
      case "none":
      case "empty":
        return 0;
      case "bytes":
        return 1;
      case "choice":
        return Math.max(...node.parts.map((part) => this.#longest(part)));
      case "repeat":
        return node.max * this.#longest(node.item);
      case "both":
        return Math.min(...node.parts.map((part) => this.#longest(part)));
      case "multiple":
        return Infinity;
      default:
        return unreachable(node);
    }
  }
}

function remembered<T>(known: Map<number, T>, state: number, make: () => T): T {
  const found = known.get(state);
  if (found !== undefined) return found;
  const made = make();
  known.set(state, made);
  return made;
}

function lowestByte(set: Uint32Array): number {
  const word = set.findIndex((bits) => bits !== 0);
  const bits = at(set, word);
  return word * BITS + (BITS - 1 - Math.clz32(bits & -bits));
}

/** The fewest digits, and the lowest ones of so many, that make what has `remainder` a multiple of `divisor`. */
function digitsTo(divisor: number, remainder: number): readonly number[] {
  for (let count = 0, scale = 1n; ; count += 1, scale *= 10n) {
    const modulus = BigInt(divisor);
    const missing = (modulus - ((BigInt(remainder) * scale) % modulus)) % modulus;
    if (missing >= scale) continue;
    const digits = count === 0 ? "" : String(missing).padStart(count, "0");
    return Array.from(digits, (digit) => DIGIT_0 + Number(digit));
  }
}

function pathTo(
  end: number,
  start: number,
  cameFrom: ReadonlyMap<number, readonly [before: number, byte: number]>,
): Uint8Array {
  const bytes: number[] = [];
  for (let state = end; state !== start;) {
    const [before, byte] = cameFrom.get(state) ?? [start, 0];
    bytes.push(byte);
    state = before;
  }
  return Uint8Array.from(bytes.toReversed());
}
