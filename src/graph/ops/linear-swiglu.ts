/** linear_swiglu: silu(x G^T) * (x U^T), both projections in one pass over x, quantised if asked. */

import { quantizable, requireOperand, requireProjection } from "../infer-rules.ts";
import type { OpNode, OpRecord } from "../op.ts";
import { quantizeRows } from "../row-matrix.ts";
import type { WeightRef } from "../types.ts";
import { project, PROJECTION_TOLERANCE, projectionCost } from "./linear.ts";
import { gated } from "./swiglu.ts";

export type LinearSwigluNode = OpNode<
  "linear_swiglu",
  "x",
  { readonly gate: WeightRef; readonly up: WeightRef },
  { readonly outType: "f32" | "q8a" },
  number
>;

export const linearSwiglu: OpRecord<LinearSwigluNode> = {
  infer({ inputs, weights: { gate, up }, attributes }, context) {
    const x = requireOperand(context, inputs.x);
    requireProjection(context, x, gate);
    requireProjection(context, x, up);
    context.require(gate.rows === up.rows, `${gate.tensor} has ${gate.rows} rows, ${up.tensor} ${up.rows}`);
    return quantizable(context, attributes.outType, { rows: x.rows, columns: gate.rows });
  },
  cost({ inputs, weights }, context) {
    return projectionCost(context, inputs.x, [weights.gate, weights.up]);
  },
  reference({ inputs, weights: { gate, up }, attributes }, context) {
    const x = context.rows(inputs.x);
    const out = gated(project(x, context.weight(gate), gate.rows, null), project(x, context.weight(up), up.rows, null));
    return attributes.outType === "q8a" ? quantizeRows(out) : out;
  },
  kernels: ["linear_swiglu"],
  tolerance: PROJECTION_TOLERANCE,
  rowwise: true,
  pages: "none",
};
