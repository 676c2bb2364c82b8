/** fuse-residual: the addition of the residual stream becomes the epilogue of the projection before it. */

import type { Node } from "../../graph/ops/table.ts";
import type { Pass } from "../pass.ts";
import { fuse, type Fusion, type GraphUses } from "../rewrite.ts";

export const fuseResidual: Pass = {
  name: "fuse-residual",
  purpose: "add the residual in the output projections",
  run: (graph) => fuse(graph, matchResidual),
};

function matchResidual(add: Node, uses: GraphUses): Fusion | null {
  if (add.op !== "add") return null;
  const { a, b } = add.inputs;
  for (const [projected, residual] of [
    [b, a],
    [a, b],
  ] as const) {
    const linear = uses.producer(projected);
    if (linear.op !== "linear" || uses.onlyReader(projected) !== add || projected === residual) continue;
    return {
      parts: [linear, add],
      node: {
        op: "linear_add",
        name: add.name,
        inputs: { x: linear.inputs.x, residual },
        weights: linear.weights,
        attributes: {},
        out: add.out,
      },
    };
  }
  return null;
}
