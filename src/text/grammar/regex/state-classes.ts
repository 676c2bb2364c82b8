/** Which bytes the states of an arena tell apart, as partitions. More classes than needed do no harm. */

import { unreachable } from "../../../base/invariant.ts";
import type { BytePartitions } from "./byte-partitions.ts";
import type { RegexExpressions, RegexNode, SingleNode } from "./expressions.ts";

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
    const partition = node.kind === "concat" ? this.#firstOfParts(node) : this.#of(node, (part) => this.first(part));
    this.#firsts.set(state, partition);
    return partition;
  }

  /** Of the parts up to the first that some byte has to match. */
  #firstOfParts(whole: ConcatNode): number {
    let partition = this.#partitions.whole;
    let node: RegexNode = whole;
    let last = whole.right;
    for (; node.kind === "concat"; node = this.#expressions.node(last)) {
      partition = this.#partitions.meet(partition, this.first(node.left));
      if (!this.#expressions.nullable(node.left)) return partition;
      last = node.right;
    }
    return this.#partitions.meet(partition, this.first(last));
  }

  /** The bytes that neither `state` nor any state after it tells apart. */
  alphabet(state: number): number {
    return this.#expressions.fold(
      state,
      this.#alphabets,
      (node) => this.#of(node, (part) => this.alphabet(part)),
      (left, rest) => this.#partitions.meet(this.alphabet(left), rest),
    );
  }

  #of(node: SingleNode, ofPart: (part: number) => number): number {
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
