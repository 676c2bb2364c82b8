/**
 * The automaton that regular expressions make with their derivatives: a state is an expression, its transition by
 * a byte the expression of what may follow. States are made when first reached.
 * Janusz Brzozowski, Derivatives of Regular Expressions, 1964; Owens, Reppy, Turon, Regular-expression
 * Derivatives Re-examined, 2009.
 */

import { fail } from "../../../base/errors.ts";
import { invariant, unreachable } from "../../../base/invariant.ts";
import { GRAMMAR_LIMITS } from "../limits.ts";
import { BytePartitions } from "./byte-partitions.ts";
import { DEAD, DONE, RegexExpressions, type RegexNode } from "./expressions.ts";
import { hasByte, type Regex } from "./regex.ts";
import { StateClasses } from "./state-classes.ts";

const UNKNOWN = -1;
const LIMIT = GRAMMAR_LIMITS.livenessStates;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;

export class RegexArena {
  readonly expressions = new RegexExpressions();
  readonly partitions = new BytePartitions();
  readonly #classes = new StateClasses(this.expressions, this.partitions);
  readonly #live = new Map<number, boolean>();
  /** By state: its partition and where its transitions begin in `#next`, or UNKNOWN before the first one. */
  #partitionOf = new Int32Array(1024).fill(UNKNOWN);
  #base = new Int32Array(1024).fill(UNKNOWN);
  #next = new Int32Array(4096).fill(UNKNOWN);
  #nextEnd = 0;

  get size(): number {
    return this.expressions.size;
  }

  intern(regex: Regex): number {
    return this.expressions.intern(regex);
  }

  node(state: number): RegexNode {
    return this.expressions.node(state);
  }

  nullable(state: number): boolean {
    return this.expressions.nullable(state);
  }

  /** One byte of each class that `state` does not tell apart: the lowest, in their order. */
  representatives(state: number): readonly number[] {
    return this.partitions.representatives(this.#classes.first(state));
  }

  /** The state after `byte`; DEAD where no match continues so. */
  next(state: number, byte: number): number {
    const base = this.#base[state] ?? UNKNOWN;
    if (base === UNKNOWN) {
      this.#open(state);
      return this.next(state, byte);
    }
    const slot = base + this.partitions.classOf(this.#partitionOf[state] ?? 0, byte);
    const known = this.#next[slot] ?? UNKNOWN;
    if (known !== UNKNOWN) return known;
    const derived = this.#derive(state, byte);
    const target = this.isLive(derived) ? derived : DEAD;
    this.#next[slot] = target;
    return target;
  }

  /** The one byte that leads on from `state`, or -1 where there are several or none. */
  onlyByte(state: number): number {
    let only = -1;
    for (const byte of this.representatives(state)) {
      if (this.next(state, byte) === DEAD) continue;
      if (only >= 0) return -1;
      only = byte;
    }
    return only >= 0 && this.partitions.isAlone(this.#classes.first(state), only) ? only : -1;
  }

  /** The state after all of `bytes`. */
  run(state: number, bytes: Uint8Array): number {
    let now = state;
    for (let index = 0; index < bytes.length && now !== DEAD; index += 1) now = this.next(now, bytes[index] ?? 0);
    return now;
  }

  /** A partition of `partitions` whose classes neither `state` nor any state after it tells apart. */
  alphabet(state: number): number {
    return this.#classes.alphabet(state);
  }

  /** Whether some text matches. */
  isLive(state: number): boolean {
    if (!this.expressions.intersects(state)) return state !== DEAD;
    return this.#live.get(state) ?? this.#searchLive(state);
  }

  #derive(state: number, byte: number): number {
    const node = this.node(state);
    switch (node.kind) {
      case "none":
      case "empty":
        return DEAD;
      case "bytes":
        return hasByte(node.set, byte) ? DONE : DEAD;
      case "concat":
        return this.#deriveParts(state, byte);
      case "choice":
        return this.expressions.choice(node.parts.map((part) => this.#derive(part, byte)));
      case "both":
        return this.expressions.both(node.parts.map((part) => this.#derive(part, byte)));
      case "repeat":
        return this.expressions.concat(
          this.#deriveShared(node.item, byte),
          this.expressions.repeat(node.item, Math.max(0, node.min - 1), node.max - 1),
        );
      case "multiple":
        if (byte < DIGIT_0 || byte > DIGIT_9) return DEAD;
        return this.expressions.multiple(node.divisor, (node.remainder * 10 + byte - DIGIT_0) % node.divisor);
      default:
        return unreachable(node);
    }
  }

  /** Of a concatenation: of its parts up to the first that some byte has to match. */
  #deriveParts(state: number, byte: number): number {
    const ways: number[] = [];
    let last = state;
    for (let node = this.node(last); node.kind === "concat"; node = this.node(last)) {
      ways.push(this.expressions.concat(this.#deriveShared(node.left, byte), node.right));
      if (!this.nullable(node.left)) return this.expressions.choice(ways);
      last = node.right;
    }
    return this.expressions.choice([...ways, this.#derive(last, byte)]);
  }

  /** As `#derive`; looked up for large parts, which all states of one counter have in common. */
  #deriveShared(part: number, byte: number): number {
    const { kind } = this.node(part);
    const isShared = (kind === "choice" || kind === "repeat") && !this.expressions.intersects(part);
    return isShared ? this.next(part, byte) : this.#derive(part, byte);
  }

  #open(state: number): void {
    const partition = this.#classes.first(state);
    this.#partitionOf = grown(this.#partitionOf, state + 1);
    this.#base = grown(this.#base, state + 1);
    this.#partitionOf[state] = partition;
    this.#base[state] = this.#nextEnd;
    this.#nextEnd += this.partitions.classCount(partition);
    this.#next = grown(this.#next, this.#nextEnd);
  }

  /** Searches for a match and remembers what it learns: states on the way to one are live. */
  #searchLive(start: number): boolean {
    const cameFrom = new Map<number, number>([[start, DEAD]]);
    const open = [start];
    for (let state = open.pop(); state !== undefined; state = open.pop()) {
      if (this.nullable(state) || !this.expressions.intersects(state) || this.#live.get(state) === true) {
        for (let live = state; live !== DEAD; live = cameFrom.get(live) ?? DEAD) this.#live.set(live, true);
        return true;
      }
      if (cameFrom.size > LIMIT) {
        fail("grammar_limit", { what: "states of an intersection", limit: LIMIT, limitName: "livenessStates" });
      }
      for (const byte of this.representatives(state)) {
        const target = this.#derive(state, byte);
        if (target === DEAD || cameFrom.has(target) || this.#live.get(target) === false) continue;
        cameFrom.set(target, state);
        open.push(target);
      }
    }
    for (const state of cameFrom.keys()) this.#live.set(state, false);
    invariant(this.#live.get(start) === false, "a searched state is known");
    return false;
  }
}

/** An array of `length` at least, twice as long where it has to grow. */
function grown(array: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  if (length <= array.length) return array;
  const longer = new Int32Array(Math.max(length, 2 * array.length)).fill(UNKNOWN);
  longer.set(array);
  return longer;
}
