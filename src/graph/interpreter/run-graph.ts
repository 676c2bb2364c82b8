/** Runs a graph's nodes in order from the ops' references. */

import { invariant } from "../../base/invariant.ts";
import type { StepBatch } from "../executor.ts";
import type { Graph } from "../graph.ts";
import type { KvPages, ReferenceContext } from "../op.ts";
import { opOf } from "../ops/table.ts";
import type { F32Rows, RowMatrix } from "../row-matrix.ts";
import type { ValueId, WeightRef } from "../types.ts";
import type { WeightProvider } from "../weight-provider.ts";

/**
 * Runs one step and returns its logits. `visit` sees each value as it is made, and may change its
 * elements: to see what a rounding does.
 */
export function runGraph(
  graph: Graph,
  weights: WeightProvider,
  pages: KvPages,
  step: StepBatch,
  visit?: (id: ValueId, value: RowMatrix) => void,
): F32Rows {
  const values: (RowMatrix | undefined)[] = [];
  const context = referenceContext(graph, weights, pages, step, values);
  for (const node of graph.nodes) {
    const value = opOf(node).reference(node, context);
    if (node.out === null || value === null) continue;
    values[node.out] = value;
    visit?.(node.out, value);
  }
  return context.f32(graph.output);
}

function referenceContext(
  graph: Graph,
  weights: WeightProvider,
  pages: KvPages,
  step: StepBatch,
  values: readonly (RowMatrix | undefined)[],
): ReferenceContext {
  const rows = (id: ValueId): RowMatrix => {
    const value = values[id];
    invariant(value !== undefined, `value ${id} is made before it is read`);
    return value;
  };
  return {
    step,
    kv: graph.kv,
    pages,
    rows,
    f32(id) {
      const value = rows(id);
      invariant(value.type === "f32", `value ${id} is f32`);
      return value;
    },
    weight(ref: WeightRef) {
      return graph.constants.get(ref.tensor) ?? (ref.kind === "matrix" ? weights.matrix(ref) : weights.vector(ref));
    },
  };
}
