/** quantize: f32 to q8a, the operand of projections whose weights are q8 or q4. */

import { requireF32, requireGroups } from "../infer-rules.ts";
import type { None, OpNode, OpRecord } from "../op.ts";
import { quantizeRows } from "../row-matrix.ts";

export type QuantizeNode = OpNode<"quantize", "x", None, None, number>;

export const quantize: OpRecord<QuantizeNode> = {
  infer({ inputs }, context) {
    const x = requireF32(context, inputs.x);
    requireGroups(context, x.columns);
    return { type: "q8a", rows: x.rows, columns: x.columns };
  },
  cost({ inputs }, context) {
    return { flops: 3 * context.rows(inputs.x) * context.columns(inputs.x), bytes: 0 };
  },
  reference({ inputs }, context) {
    return quantizeRows(context.f32(inputs.x));
  },
  kernels: ["quantize"],
  tolerance: { relative: 1e-6, absolute: 0 },
  rowwise: true,
  pages: "none",
};
