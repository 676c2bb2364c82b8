/**
 * quantize: f32 to q8a, the operand of projections whose weights are integers; its columns in the order that
 * `order` lists, where those weights are stored so.
 */

import { requireF32, requireGroups, requireVector } from "../infer-rules.ts";
import type { None, OpNode, OpRecord } from "../op.ts";
import { gatherColumns, quantizeRows } from "../row-matrix.ts";
import type { WeightRef } from "../types.ts";

export interface QuantizeWeights {
  readonly [role: string]: WeightRef | null;
  /** Column of x that becomes each one, all of them once, as f32: exact up to 2^24. Null keeps them. */
  readonly order: WeightRef | null;
}

export type QuantizeNode = OpNode<"quantize", "x", QuantizeWeights, None, number>;

export const quantize: OpRecord<QuantizeNode> = {
  infer({ inputs, weights }, context) {
    const x = requireF32(context, inputs.x);
    requireGroups(context, x.columns);
    requireVector(context, weights.order, x.columns);
    return { type: "q8a", rows: x.rows, columns: x.columns };
  },
  cost({ inputs }, context) {
    return { flops: 3 * context.rows(inputs.x) * context.columns(inputs.x), bytes: 0 };
  },
  reference({ inputs, weights: { order } }, context) {
    const x = context.f32(inputs.x);
    return quantizeRows(order === null ? x : gatherColumns(x, context.weight(order)));
  },
  kernels: ["quantize"],
  tolerance: { relative: 1e-6, absolute: 0 },
  rowwise: true,
  pages: "none",
};
