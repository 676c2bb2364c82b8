/** linear_add: x W^T (+ bias) + residual; the residual stream's addition as an epilogue. */

import { requireF32, requireSameShape } from "../infer-rules.ts";
import type { None, OpNode, OpRecord } from "../op.ts";
import { sum } from "./add.ts";
import {
  linear,
  type LinearNode,
  type LinearWeights,
  project,
  PROJECTION_TOLERANCE,
  projectionCost,
} from "./linear.ts";

export type LinearAddNode = OpNode<"linear_add", "x" | "residual", LinearWeights, None, number>;

export const linearAdd: OpRecord<LinearAddNode> = {
  infer(node, context) {
    const shape = linear.infer(asLinear(node), context);
    const residual = requireF32(context, node.inputs.residual);
    if (shape !== null) requireSameShape(context, residual, { name: node.name, ...shape });
    return shape;
  },
  cost({ inputs, weights }, context) {
    return projectionCost(context, inputs.x, [weights.weight]);
  },
  reference({ inputs, weights: { weight, bias } }, context) {
    const biasValues = bias === null ? null : context.weight(bias);
    const projected = project(context.rows(inputs.x), context.weight(weight), weight.rows, biasValues);
    return sum(projected, context.f32(inputs.residual));
  },
  kernels: ["linear_add"],
  tolerance: PROJECTION_TOLERANCE,
  rowwise: true,
  pages: "none",
  overwrites: "residual",
};

function asLinear({ name, inputs, weights, out }: LinearAddNode): LinearNode {
  return { op: "linear", name, inputs: { x: inputs.x }, weights, attributes: {}, out };
}
