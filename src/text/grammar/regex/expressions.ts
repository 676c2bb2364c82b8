/**
 * Regular expressions interned as numbers. Equal ones have one number, and the constructors bring what means the
 * same to one form where that is cheap, so that an expression has few derivatives (`arena.ts`). Each knows what
 * is asked of it often. Bounded repetition stays a counter, so that `{0,5000}` costs what `{0,5}` does.
 */

import { fail } from "../../../base/errors.ts";
import { at, unreachable } from "../../../base/invariant.ts";
import { GRAMMAR_LIMITS } from "../limits.ts";
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

/** No concatenation. */
export type SingleNode = Exclude<RegexNode, { readonly kind: "concat" }>;

interface Traits {
  readonly nullable: boolean;
  readonly intersects: boolean;
  readonly counts: boolean;
}

const PLAIN: Traits = { nullable: false, intersects: false, counts: false };
const LIMIT = GRAMMAR_LIMITS.stateAlternatives;

export class RegexExpressions {
  readonly #nodes: RegexNode[] = [];
  readonly #nullable: boolean[] = [];
  readonly #intersects: boolean[] = [];
  readonly #counts: boolean[] = [];
  readonly #byKey = new Map<string, number>();
  readonly #byRegex = new WeakMap<Regex, number>();

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

  node(id: number): RegexNode {
    return at(this.#nodes, id);
  }

  /** Whether the empty text matches. */
  nullable(id: number): boolean {
    return this.#nullable[id] ?? false;
  }

  /** Whether an intersection is inside: then emptiness has to be searched for. */
  intersects(id: number): boolean {
    return this.#intersects[id] ?? false;
  }

  /** Whether a bounded repetition is inside. */
  counts(id: number): boolean {
    return this.#counts[id] ?? false;
  }

  /**
   * What expression `id` comes to, a concatenation from its last part on: `ofPair` has a part, what the rest comes to,
   * and the rest. Remembered in `known` for each rest. A literal is as long a chain as its bytes, too long to recurse.
   */
  fold<T>(
    id: number,
    known: { get(id: number): T | undefined; set(id: number, value: T): void },
    ofOther: (node: SingleNode, id: number) => T,
    ofPair: (left: number, rest: T, right: number) => T,
  ): T {
    const chain: { readonly id: number; readonly left: number; readonly right: number }[] = [];
    let last = id;
    let value = known.get(last);
    while (value === undefined) {
      const node = this.node(last);
      if (node.kind === "concat") {
        chain.push({ id: last, left: node.left, right: node.right });
        last = node.right;
        value = known.get(last);
      } else {
        value = ofOther(node, last);
        known.set(last, value);
      }
    }
    for (const passed of chain.toReversed()) {
      value = ofPair(passed.left, value, passed.right);
      known.set(passed.id, value);
    }
    return value;
  }

  #build(regex: Regex): number {
    switch (regex.kind) {
      case "none":
        return DEAD;
      case "literal":
        return regex.bytes.reduceRight((rest, byte) => this.concat(this.bytes(single(byte)), rest), DONE);
      case "bytes":
        return this.bytes(regex.set);
      case "concat":
        return regex.items.reduceRight((rest, item) => this.concat(this.intern(item), rest), DONE);
      case "choice":
        return this.choice(regex.options.map((option) => this.intern(option)));
      case "repeat":
        return this.repeat(this.intern(regex.item), regex.min, regex.max ?? Infinity);
      case "both":
        return this.both(regex.items.map((item) => this.intern(item)));
      case "multiple":
        return this.multiple(regex.divisor, 0);
      default:
        return unreachable(regex);
    }
  }

  bytes(set: ByteSet): number {
    const key = `s${set.join(",")}`;
    return set.every((word) => word === 0) ? DEAD : this.#add(key, { kind: "bytes", set }, PLAIN);
  }

  /** Leans to the right, so that a derivative changes only what stands first. */
  concat(left: number, right: number): number {
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
  choice(given: readonly number[]): number {
    const parts = new Set<number>();
    let bytes: ByteSet | null = null;
    for (const id of given) {
      const node = at(this.#nodes, id);
      if (node.kind === "bytes")
        bytes = bytes === null ? node.set : node.set.map((word, i) => word | at(bytes ?? [], i));
      else if (node.kind === "choice") for (const part of node.parts) parts.add(part);
      else if (id !== DEAD) parts.add(id);
    }
    if (bytes !== null) parts.add(this.bytes(bytes));
    const sorted = [...parts].toSorted((left, right) => left - right);
    if (sorted.length < 2) return sorted[0] ?? DEAD;
    if (sorted.length > LIMIT) {
      fail("grammar_limit", { what: "alternatives of one state", limit: LIMIT, limitName: "stateAlternatives" });
    }
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

  both(given: readonly number[]): number {
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

  repeat(item: number, min: number, max: number): number {
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

  multiple(divisor: number, remainder: number): number {
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
    this.#byKey.set(key, id);
    return id;
  }
}

function single(byte: number): ByteSet {
  const set = new Uint32Array(8);
  set[byte >> 5] = 1 << (byte & 31);
  return set;
}
