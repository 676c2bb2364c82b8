/**
 * A model as a graph: nodes in the order of execution, each making at most one value. What a step
 * brings (tokens, positions, page tables, logit rows) are no values: `embed`, `rope_table`,
 * `kv_store`, `attention` and `gather_rows` read them from the step itself.
 */

import type { Node } from "./ops/table.ts";
import type { KvGroup, ValueId, ValueInfo, WeightRef } from "./types.ts";

export interface Graph {
  readonly name: string;
  /** Each made by exactly one node, which has its name. */
  readonly values: readonly ValueInfo[];
  readonly nodes: readonly Node[];
  readonly kv: KvGroup;
  /** Vectors that no file holds, by the name that weight references use. */
  readonly constants: ReadonlyMap<string, Float32Array>;
  /** The logits, f32 [logitRows, vocabulary]. */
  readonly output: ValueId;
}

/** The values a node reads, by the names of its op. */
export function inputsOf(node: Node): readonly (readonly [name: string, id: ValueId])[] {
  return Object.entries(node.inputs);
}

/** The weights a node uses, by role; absent optional ones are left out. */
export function weightsOf(node: Node): readonly (readonly [role: string, ref: WeightRef])[] {
  return Object.entries<WeightRef | null>(node.weights).flatMap(([role, ref]) => (ref === null ? [] : [[role, ref]]));
}

/** The layer whose pages a node uses, or null where it uses none. */
export function layerOf(node: Node): number | null {
  return "layer" in node.attributes ? node.attributes.layer : null;
}
