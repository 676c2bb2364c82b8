/**
 * Regular expressions interned as numbers, their derivatives, and the automaton that these make:
 * a state is an expression, its transition by a byte the expression of what may follow. States are made
 * when first reached, and bounded repetition stays a counter, so that `{0,5000}` costs what `{0,5}` does.
 * Janusz Brzozowski, Derivatives of Regular Expressions, 1964; Owens, Reppy, Turon, Regular-expression
 * Derivatives Re-examined, 2009.
 */

import { fail } from "../../../base/errors.ts";
import { at, invariant, unreachable } from "../../../base/invariant.ts";
import { GRAMMAR_LIMITS } from "../limits.ts";
import { BytePartitions } from "./byte-partitions.ts";
import type { ByteSet, Regex } from "./regex.ts";

/** Matches nothing; the dead state. */
export const DEAD = 0;
/** Matches the empty text only. */
export const DONE = 1;

export type RegexNode =
  | { readonly kind: "none" | "empty" }
  | { readonly kind: "bytes"; readonly set: ByteSet }
  | { readonly kind: "concat"; readonly left: number; readonly right: number }
  | { readonly kind: "choice" | "both"; readonly parts: readonly number[] }
  /** `max` is Infinity where there is none. */
  | { readonly kind: "repeat"; readonly item: number; readonly min: number; readonly max: number }
  | { readonly kind: "multiple"; readonly divisor: number; readonly remainder: number };

interface Traits {
  readonly nullable: boolean;
  readonly intersects: boolean;
  readonly counts: boolean;
}

export interface CharacterCount {
  readonly unbounded: number;
  readonly max: number;
}

const PLAIN: Traits = { nullable: false, intersects: false, counts: false };
const UNKNOWN = -1;
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
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;

export class RegexArena {
  readonly #nodes: RegexNode[] = [];
  readonly #nullable: boolean[] = [];
  /** Whether an intersection is inside: then emptiness has to be searched for. */
  readonly #intersects: boolean[] = [];
  /** Whether a bounded repetition is inside. */
  readonly #counts: boolean[] = [];
  readonly #byKey = new Map<string, number>();
  readonly #byRegex = new WeakMap<Regex, number>();
  readonly #live = new Map<number, boolean>();
  readonly #clamped = new Map<number, number>();
  readonly #characters = new Map<number, boolean>();
  readonly #textEnds = new Map<number, boolean>();
  readonly partitions = new BytePartitions();
  /** By node: its partition, or UNKNOWN before it is asked for. */
  readonly #partitionOf: number[] = [];
  /** By node: the partition that all of its byte sets are made of. */
  readonly #alphabets = new Map<number, number>();
  /** By node: where its transitions begin in `#next`, or UNKNOWN before the first one. */
  readonly #base: number[] = [];
  #next = new Int32Array(4096).fill(UNKNOWN);
  #nextEnd = 0;

  constructor() {
    this.#add("0", { kind: "none" }, PLAIN);
    this.#add("1", { kind: "empty" }, { ...PLAIN, nullable: true });
  }

  get size(): number {
    return this.#nodes.length;
  }

  intern(regex: Regex): number {
    const known = this.#byRegex.get(regex);
    if (known !== undefined) return known;
    const id = this.#build(regex);
    this.#byRegex.set(regex, id);
    return id;
  }

  node(state: number): RegexNode {
    return at(this.#nodes, state);
  }

  nullable(state: number): boolean {
    return this.#nullable[state] ?? false;
  }

  /** One byte of each class that `state` does not tell apart: the lowest, in their order. */
  representatives(state: number): readonly number[] {
    return this.partitions.representatives(this.#partition(state));
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
    for (const byte of this.partitions.representatives(this.#partition(state))) {
      if (this.next(state, byte) === DEAD) continue;
      if (only >= 0) return -1;
      only = byte;
    }
    return only >= 0 && this.partitions.isAlone(this.#partition(state), only) ? only : -1;
  }

  /** The state after all of `bytes`. */
  run(state: number, bytes: Uint8Array): number {
    let now = state;
    for (let index = 0; index < bytes.length && now !== DEAD; index += 1) now = this.next(now, bytes[index] ?? 0);
    return now;
  }

  /** A partition of `partitions` whose classes neither `state` nor any state after it tells apart. */
  alphabet(state: number): number {
    const known = this.#alphabets.get(state);
    if (known !== undefined) return known;
    // A literal is as long a chain as its bytes.
    const chain: number[] = [];
    let last = state;
    for (let node = this.node(last); node.kind === "concat" && !this.#alphabets.has(last); node = this.node(last)) {
      chain.push(last);
      last = node.right;
    }
    let alphabet = this.#alphabets.get(last) ?? this.#ownAlphabet(last);
    this.#alphabets.set(last, alphabet);
    for (const passed of chain.toReversed()) {
      const node = this.node(passed);
      if (node.kind === "concat") alphabet = this.partitions.meet(this.alphabet(node.left), alphabet);
      this.#alphabets.set(passed, alphabet);
    }
    return alphabet;
  }

  /** Of a node that is no concatenation. */
  #ownAlphabet(state: number): number {
    const node = this.node(state);
    switch (node.kind) {
      case "none":
      case "empty":
        return this.partitions.whole;
      case "bytes":
        return this.partitions.ofSet(node.set);
      case "concat":
        return this.alphabet(state);
      case "choice":
      case "both":
        return node.parts.reduce((all, part) => this.partitions.meet(all, this.alphabet(part)), this.partitions.whole);
      case "repeat":
        return this.alphabet(node.item);
      case "multiple":
        return this.partitions.digits;
      default:
        return unreachable(node);
    }
  }

  /** Whether some text matches. */
  isLive(state: number): boolean {
    if (this.#intersects[state] !== true) return state !== DEAD;
    return this.#live.get(state) ?? this.#searchLive(state);
  }

  /**
   * A state that goes on like `state` over any `length` bytes, the same for all states whose counters
   * are too far from their bounds to matter within that length.
   */
  clamp(state: number, length: number): number {
    if (this.#counts[state] !== true) return state;
    const key = state * (MAX_CLAMP_LENGTH + 1) + Math.min(length, MAX_CLAMP_LENGTH);
    const known = this.#clamped.get(key);
    if (known !== undefined) return known;
    const clamped = this.#clampNode(state, length);
    this.#clamped.set(key, clamped);
    return clamped;
  }

  /**
   * Where `state` takes up to `max` characters of some kind, and then what no text begins with: the state that
   * takes any number of them. Null elsewhere. Text here is UTF-8 that a JSON string holds without escapes.
   */
  characterCount(state: number): CharacterCount | null {
    const node = at(this.#nodes, state);
    if (node.kind !== "concat") return null;
    const repeated = at(this.#nodes, node.left);
    if (repeated.kind !== "repeat" || repeated.max === Infinity) return null;
    if (!this.#isCharacter(repeated.item) || !this.#endsText(node.right)) return null;
    return { unbounded: this.#concat(this.#repeat(repeated.item, 0, Infinity), node.right), max: repeated.max };
  }

  /** Whether each way through `item` is one character, but for those that begin with a backslash. */
  #isCharacter(item: number): boolean {
    const known = this.#characters.get(item);
    if (known !== undefined) return known;
    const node = at(this.#nodes, item);
    const is =
      node.kind === "choice" ? node.parts.every((part) => this.#isCharacter(part)) : this.#spellsCharacter(item);
    this.#characters.set(item, is);
    return is;
  }

  #spellsCharacter(spelling: number): boolean {
    const sets: ByteSet[] = [];
    let last = spelling;
    for (let node = at(this.#nodes, last); node.kind === "concat"; node = at(this.#nodes, last)) {
      const first = at(this.#nodes, node.left);
      if (first.kind !== "bytes") return false;
      sets.push(first.set);
      last = node.right;
      if (isWithin(first.set, BACKSLASH, BACKSLASH)) return true;
    }
    const end = at(this.#nodes, last);
    if (end.kind !== "bytes") return false;
    const [lead, ...further] = [...sets, end.set];
    const [low, high] = LEAD_BYTES[further.length] ?? [1, 0];
    return isWithin(lead, low, high) && further.every((set) => isWithin(set, 0x80, 0xbf));
  }

  #endsText(state: number): boolean {
    const known = this.#textEnds.get(state);
    if (known !== undefined) return known;
    let ends = !this.nullable(state);
    for (let byte = 0x20; byte <= 0xff && ends; byte += 1) {
      ends = byte === QUOTE || byte === BACKSLASH || this.next(state, byte) === DEAD;
    }
    this.#textEnds.set(state, ends);
    return ends;
  }

  #clampNode(state: number, length: number): number {
    const node = at(this.#nodes, state);
    switch (node.kind) {
      case "none":
      case "empty":
      case "bytes":
      case "multiple":
        return state;
      case "concat":
        return this.#concat(this.clamp(node.left, length), this.clamp(node.right, length));
      case "choice":
        return this.#choice(node.parts.map((part) => this.clamp(part, length)));
      case "both":
        return this.#both(node.parts.map((part) => this.clamp(part, length)));
      case "repeat": {
        // Each round takes a byte at least: one that takes none changes nothing.
        const max = node.max > length ? Infinity : node.max;
        return this.#repeat(this.clamp(node.item, length), Math.min(node.min, length + 1), max);
      }
      default:
        return unreachable(node);
    }
  }

  #build(regex: Regex): number {
    switch (regex.kind) {
      case "none":
        return DEAD;
      case "literal":
        return regex.bytes.reduceRight((rest, byte) => this.#concat(this.#bytes(single(byte)), rest), DONE);
      case "bytes":
        return this.#bytes(regex.set);
      case "concat":
        return regex.items.reduceRight((rest, item) => this.#concat(this.intern(item), rest), DONE);
      case "choice":
        return this.#choice(regex.options.map((option) => this.intern(option)));
      case "repeat":
        return this.#repeat(this.intern(regex.item), regex.min, regex.max ?? Infinity);
      case "both":
        return this.#both(regex.items.map((item) => this.intern(item)));
      case "multiple":
        return this.#multiple(regex.divisor, 0);
      default:
        return unreachable(regex);
    }
  }

  #derive(state: number, byte: number): number {
    const node = at(this.#nodes, state);
    switch (node.kind) {
      case "none":
      case "empty":
        return DEAD;
      case "bytes":
        return hasByte(node.set, byte) ? DONE : DEAD;
      case "concat": {
        const first = this.#concat(this.#deriveShared(node.left, byte), node.right);
        return this.nullable(node.left) ? this.#choice([first, this.#derive(node.right, byte)]) : first;
      }
      case "choice":
        return this.#choice(node.parts.map((part) => this.#derive(part, byte)));
      case "both":
        return this.#both(node.parts.map((part) => this.#derive(part, byte)));
      case "repeat":
        return this.#concat(
          this.#deriveShared(node.item, byte),
          this.#repeat(node.item, Math.max(0, node.min - 1), node.max - 1),
        );
      case "multiple":
        if (byte < DIGIT_0 || byte > DIGIT_9) return DEAD;
        return this.#multiple(node.divisor, (node.remainder * 10 + byte - DIGIT_0) % node.divisor);
      default:
        return unreachable(node);
    }
  }

  /** As `#derive`; looked up for large parts, which all states of one counter have in common. */
  #deriveShared(part: number, byte: number): number {
    const { kind } = at(this.#nodes, part);
    const isShared = (kind === "choice" || kind === "repeat") && this.#intersects[part] !== true;
    return isShared ? this.next(part, byte) : this.#derive(part, byte);
  }

  #bytes(set: ByteSet): number {
    const key = `s${set.join(",")}`;
    return set.every((word) => word === 0) ? DEAD : this.#add(key, { kind: "bytes", set }, PLAIN);
  }

  /** Leans to the right, so that a derivative changes only what stands first. */
  #concat(left: number, right: number): number {
    if (left === DEAD || right === DEAD) return DEAD;
    if (left === DONE) return right;
    if (right === DONE) return left;
    const spine: number[] = [];
    let last = left;
    for (let node = at(this.#nodes, last); node.kind === "concat"; node = at(this.#nodes, last)) {
      spine.push(node.left);
      last = node.right;
    }
    spine.push(last);
    return spine.reduceRight((rest, part) => this.#pair(part, rest), right);
  }

  /** `left` is no concatenation. */
  #pair(left: number, right: number): number {
    return this.#add(
      `c${left},${right}`,
      { kind: "concat", left, right },
      {
        nullable: this.nullable(left) && this.nullable(right),
        intersects: this.#any(this.#intersects, [left, right]),
        counts: this.#any(this.#counts, [left, right]),
      },
    );
  }

  #any(flags: readonly boolean[], parts: readonly number[]): boolean {
    return parts.some((part) => flags[part]);
  }

  /** A set: order and repetition do not count, which bounds the number of states. */
  #choice(given: readonly number[]): number {
    const parts = new Set<number>();
    let bytes: ByteSet | null = null;
    for (const id of given) {
      const node = at(this.#nodes, id);
      if (node.kind === "bytes")
        bytes = bytes === null ? node.set : node.set.map((word, i) => word | at(bytes ?? [], i));
      else if (node.kind === "choice") for (const part of node.parts) parts.add(part);
      else if (id !== DEAD) parts.add(id);
    }
    if (bytes !== null) parts.add(this.#bytes(bytes));
    const sorted = [...parts].toSorted((left, right) => left - right);
    if (sorted.length < 2) return sorted[0] ?? DEAD;
    if (sorted.length > GRAMMAR_LIMITS.stateAlternatives) failLimit("alternatives of one state", "stateAlternatives");
    return this.#add(
      `o${sorted.join(",")}`,
      { kind: "choice", parts: sorted },
      {
        nullable: this.#any(this.#nullable, sorted),
        intersects: this.#any(this.#intersects, sorted),
        counts: this.#any(this.#counts, sorted),
      },
    );
  }

  #both(given: readonly number[]): number {
    const parts = new Set<number>();
    for (const id of given) {
      const node = at(this.#nodes, id);
      if (id === DEAD) return DEAD;
      if (node.kind === "both") for (const part of node.parts) parts.add(part);
      else parts.add(id);
    }
    const sorted = [...parts].toSorted((left, right) => left - right);
    const [only] = sorted;
    if (sorted.length === 1 && only !== undefined) return only;
    if (sorted.includes(DONE)) return sorted.every((part) => this.nullable(part)) ? DONE : DEAD;
    return this.#add(
      `a${sorted.join(",")}`,
      { kind: "both", parts: sorted },
      {
        nullable: sorted.every((part) => this.nullable(part)),
        intersects: true,
        counts: this.#any(this.#counts, sorted),
      },
    );
  }

  #repeat(item: number, min: number, max: number): number {
    if (max === 0 || item === DONE) return DONE;
    if (item === DEAD) return min === 0 ? DONE : DEAD;
    if (max === 1 && min === 1) return item;
    const nullable = this.nullable(item);
    const least = nullable ? 0 : min;
    return this.#add(
      `r${item},${least},${max}`,
      { kind: "repeat", item, min: least, max },
      {
        nullable: least === 0,
        intersects: this.#any(this.#intersects, [item]),
        counts: least > 0 || max !== Infinity || this.#any(this.#counts, [item]),
      },
    );
  }

  #multiple(divisor: number, remainder: number): number {
    return this.#add(
      `m${divisor},${remainder}`,
      { kind: "multiple", divisor, remainder },
      { ...PLAIN, nullable: remainder === 0 },
    );
  }

  #add(key: string, node: RegexNode, { nullable, intersects, counts }: Traits): number {
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const id = this.#nodes.length;
    this.#nodes.push(node);
    this.#nullable.push(nullable);
    this.#intersects.push(intersects);
    this.#counts.push(counts);
    this.#partitionOf.push(UNKNOWN);
    this.#base.push(UNKNOWN);
    this.#byKey.set(key, id);
    return id;
  }

  #open(state: number): void {
    const partition = this.#partition(state);
    const classes = this.partitions.classCount(partition);
    if (this.#nextEnd + classes > this.#next.length) {
      const grown = new Int32Array(this.#next.length * 2).fill(UNKNOWN);
      grown.set(this.#next);
      this.#next = grown;
    }
    this.#base[state] = this.#nextEnd;
    this.#nextEnd += classes;
  }

  /** Bytes of one class have the same derivative; more classes than needed do no harm. */
  #partition(state: number): number {
    const known = this.#partitionOf[state] ?? UNKNOWN;
    if (known !== UNKNOWN) return known;
    const partition = this.#findPartition(state);
    this.#partitionOf[state] = partition;
    return partition;
  }

  #findPartition(state: number): number {
    const node = at(this.#nodes, state);
    switch (node.kind) {
      case "none":
      case "empty":
        return this.partitions.whole;
      case "bytes":
        return this.partitions.ofSet(node.set);
      case "concat": {
        const left = this.#partition(node.left);
        return this.nullable(node.left) ? this.partitions.meet(left, this.#partition(node.right)) : left;
      }
      case "choice":
      case "both":
        return node.parts.reduce(
          (all, part) => this.partitions.meet(all, this.#partition(part)),
          this.partitions.whole,
        );
      case "repeat":
        return this.#partition(node.item);
      case "multiple":
        return this.partitions.digits;
      default:
        return unreachable(node);
    }
  }

  /** Searches for a match and remembers what it learns: states on the way to one are live. */
  #searchLive(start: number): boolean {
    const cameFrom = new Map<number, number>([[start, DEAD]]);
    const open = [start];
    for (let state = open.pop(); state !== undefined; state = open.pop()) {
      if (this.nullable(state) || this.#intersects[state] !== true || this.#live.get(state) === true) {
        for (let live = state; live !== DEAD; live = cameFrom.get(live) ?? DEAD) this.#live.set(live, true);
        return true;
      }
      if (cameFrom.size > GRAMMAR_LIMITS.livenessStates) failLimit("states of an intersection", "livenessStates");
      for (const byte of this.partitions.representatives(this.#partition(state))) {
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

function failLimit(what: string, limitName: keyof typeof GRAMMAR_LIMITS): never {
  return fail("grammar_limit", { what, limit: GRAMMAR_LIMITS[limitName], limitName });
}

function single(byte: number): ByteSet {
  const set = new Uint32Array(8);
  set[byte >> 5] = 1 << (byte & 31);
  return set;
}

function isWithin(set: ByteSet, low: number, high: number): boolean {
  for (let byte = 0; byte < 256; byte += 1) if (hasByte(set, byte) && (byte < low || byte > high)) return false;
  return true;
}

function hasByte(set: ByteSet, byte: number): boolean {
  return ((at(set, byte >> 5) >>> (byte & 31)) & 1) === 1;
}
