/** Which bytes the states of an arena tell apart, as partitions. More classes than needed do no harm. */

import { unreachable } from "../../../base/invariant.ts";
import type { BytePartitions } from "./byte-partitions.ts";
import type { RegexExpressions, RegexNode } from "./expressions.ts";

type ConcatNode = Extract<RegexNode, { readonly kind: "concat" }>;

export class StateClasses {
  readonly #expressions: RegexExpressions;
  readonly #partitions: BytePartitions;
  readonly #firsts = new Map<number, number>();
  readonly #alphabets = new Map<number, number>();

  constructor(expressions: RegexExpressions, partitions: BytePartitions) {
    this.#expressions = expressions;
    this.#partitions = partitions;
  }

  /** The bytes that have the same derivative of `state`. */
  first(state: number): number {
    const known = this.#firsts.get(state);
    if (known !== undefined) return known;
    const node = this.#expressions.node(state);
    const partition = node.kind === "concat" ? this.#firstOfPair(node) : this.#of(node, (part) => this.first(part));
    this.#firsts.set(state, partition);
    return partition;
  }

  #firstOfPair({ left, right }: ConcatNode): number {
    const partition = this.first(left);
    return this.#expressions.nullable(left) ? this.#partitions.meet(partition, this.first(right)) : partition;
  }

  /** The bytes that neither `state` nor any state after it tells apart. */
  alphabet(state: number): number {
    const known = this.#alphabets.get(state);
    if (known !== undefined) return known;
    // A literal is as long a chain as its bytes.
    const chain: { readonly passed: number; readonly left: number }[] = [];
    let last = state;
    let node = this.#expressions.node(last);
    for (; node.kind === "concat" && !this.#alphabets.has(last); node = this.#expressions.node(last)) {
      chain.push({ passed: last, left: node.left });
      last = node.right;
    }
    let alphabet = node.kind === "concat" ? this.alphabet(last) : this.#of(node, (part) => this.alphabet(part));
    this.#alphabets.set(last, alphabet);
    for (const { passed, left } of chain.toReversed()) {
      alphabet = this.#partitions.meet(this.alphabet(left), alphabet);
      this.#alphabets.set(passed, alphabet);
    }
    return alphabet;
  }

  #of(node: Exclude<RegexNode, ConcatNode>, ofPart: (part: number) => number): number {
    switch (node.kind) {
      case "none":
      case "empty":
        return this.#partitions.whole;
      case "bytes":
        return this.#partitions.ofSet(node.set);
      case "choice":
      case "both":
        return node.parts.reduce((all, part) => this.#partitions.meet(all, ofPart(part)), this.#partitions.whole);
      case "repeat":
        return ofPart(node.item);
      case "multiple":
        return this.#partitions.digits;
      default:
        return unreachable(node);
    }
  }
}
