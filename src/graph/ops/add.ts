/** add: a + b, element by element. */

import { requireF32, requireSameShape } from "../infer-rules.ts";
import type { None, OpNode, OpRecord } from "../op.ts";
import { type F32Rows, f32Rows } from "../row-matrix.ts";

export type AddNode = OpNode<"add", "a" | "b", None, None, number>;

export const add: OpRecord<AddNode> = {
  infer({ inputs }, context) {
    const a = requireF32(context, inputs.a);
    requireSameShape(context, a, requireF32(context, inputs.b));
    return { type: "f32", rows: a.rows, columns: a.columns };
  },
  cost({ inputs }, context) {
    return { flops: context.rows(inputs.a) * context.columns(inputs.a), bytes: 0 };
  },
  reference({ inputs }, context) {
    return sum(context.f32(inputs.a), context.f32(inputs.b));
  },
  kernels: ["add"],
  tolerance: { relative: 0, absolute: 0 },
  rowwise: true,
  pages: "none",
};

export function sum(a: F32Rows, b: F32Rows): F32Rows {
  const out = f32Rows(a.rows, a.columns);
  for (let i = 0; i < out.values.length; i += 1) out.values[i] = (a.values[i] ?? 0) + (b.values[i] ?? 0);
  return out;
}
