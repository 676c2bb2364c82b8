/** The program's weights: each reference once, however many instructions use it. */

import { invariant } from "../base/invariant.ts";
import { type Graph, weightsOf } from "../graph/graph.ts";
import type { WeightRef } from "../graph/types.ts";
import { weightKey } from "../graph/weight-ref.ts";
import type { PassContext } from "./pass.ts";
import type { WeightSpec } from "./program.ts";

export interface WeightTable {
  /** In the order of first use. */
  readonly specs: readonly WeightSpec[];
  indexOf(ref: WeightRef): number;
}

export function weightTable(graph: Graph, { formatOf }: PassContext): WeightTable {
  const specs: WeightSpec[] = [];
  const indices = new Map<string, number>();
  for (const node of graph.nodes) {
    for (const [, ref] of weightsOf(node)) {
      const key = weightKey(ref);
      if (indices.has(key)) continue;
      indices.set(key, specs.length);
      specs.push(weightSpec(ref, graph, formatOf));
    }
  }
  return {
    specs,
    indexOf(ref) {
      const index = indices.get(weightKey(ref));
      invariant(index !== undefined, `${ref.tensor} is in the weight table`);
      return index;
    },
  };
}

function weightSpec(ref: WeightRef, graph: Graph, formatOf: PassContext["formatOf"]): WeightSpec {
  const { tensor, rows, columns, rowOrder, columnOrder } = ref;
  if (ref.kind === "matrix")
    return { kind: "matrix", tensor, rows, columns, rowOrder, columnOrder, format: formatOf(ref) };
  return { kind: "vector", tensor, length: columns, rowOrder, values: graph.constants.get(tensor) ?? null };
}
