/** What a pass is: a pure function from graph to graph, named so that it can be listed and printed. */

import type { WeightFormat } from "../base/weight-formats.ts";
import type { Graph } from "../graph/graph.ts";
import type { WeightRef } from "../graph/types.ts";

export interface PassContext {
  /** How a matrix is packed. */
  readonly formatOf: (ref: WeightRef) => WeightFormat;
  /** Which column of the matrix each one of its source is; null where they lie in order. */
  readonly storedOrderOf: (ref: WeightRef) => Uint32Array | null;
}

export interface Pass {
  readonly name: string;
  /** One line for people. */
  readonly purpose: string;
  run(graph: Graph, context: PassContext): Graph;
}
