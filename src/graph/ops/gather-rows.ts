/** gather_rows: the rows whose logits are wanted, out[i] = x[logitRows[i]], of any type. */

import { requireTokenRows } from "../infer-rules.ts";
import type { None, OpNode, OpRecord } from "../op.ts";
import { gatherMatrixRows } from "../row-matrix.ts";

export type GatherRowsNode = OpNode<"gather_rows", "x", None, None, number>;

export const gatherRows: OpRecord<GatherRowsNode> = {
  infer({ inputs }, context) {
    const x = context.value(inputs.x);
    requireTokenRows(context, x);
    return { type: x.type, rows: "logitRows", columns: x.columns };
  },
  cost() {
    return { flops: 0, bytes: 0 };
  },
  reference({ inputs }, context) {
    return gatherMatrixRows(context.rows(inputs.x), context.step.logitRows);
  },
  kernels: ["gather_rows"],
  tolerance: { relative: 0, absolute: 0 },
  rowwise: false,
  pages: "none",
};
