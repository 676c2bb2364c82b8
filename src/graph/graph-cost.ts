/** Floating-point operations and bytes of a step, summed over a graph's nodes. */

import { at } from "../base/invariant.ts";
import type { Graph } from "./graph.ts";
import { opOf } from "./ops/table.ts";
import type { CostContext } from "./op.ts";
import type { Cost, StepSizes, WeightRef } from "./types.ts";

export interface StorageSizes {
  /** Bytes of a whole weight as stored. */
  readonly weightBytes: (ref: WeightRef) => number;
  /** Bytes of K and V of one position in one layer. */
  readonly kvPositionBytes: number;
}

/** The cost of one step of `sizes`. */
export function graphCost(graph: Graph, sizes: StepSizes, storage: StorageSizes): Cost {
  const columns = (id: number): number => at(graph.values, id).columns;
  const rows = (id: number): number => sizes[at(graph.values, id).rows];
  const context: CostContext = { sizes, kv: graph.kv, columns, rows, ...storage };
  let flops = 0;
  let bytes = 0;
  for (const node of graph.nodes) {
    const cost = opOf(node).cost(node, context);
    flops += cost.flops;
    bytes += cost.bytes;
  }
  return { flops, bytes };
}
