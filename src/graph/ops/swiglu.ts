/** swiglu: silu(gate) * up, element by element; silu(x) = x / (1 + e^-x). Shazeer, 2020. */

import { requireF32, requireSameShape } from "../infer-rules.ts";
import type { None, OpNode, OpRecord } from "../op.ts";
import { type F32Rows, f32Rows } from "../row-matrix.ts";

export type SwigluNode = OpNode<"swiglu", "gate" | "up", None, None, number>;

export const SWIGLU_TOLERANCE = { relative: 2e-6, absolute: 1e-12 } as const;

export const swiglu: OpRecord<SwigluNode> = {
  infer({ inputs }, context) {
    const gate = requireF32(context, inputs.gate);
    requireSameShape(context, gate, requireF32(context, inputs.up));
    return { type: "f32", rows: gate.rows, columns: gate.columns };
  },
  cost({ inputs }, context) {
    // An exponential is taken as 10 operations.
    return { flops: 13 * context.rows(inputs.gate) * context.columns(inputs.gate), bytes: 0 };
  },
  reference({ inputs }, context) {
    return gated(context.f32(inputs.gate), context.f32(inputs.up));
  },
  kernels: ["swiglu"],
  tolerance: SWIGLU_TOLERANCE,
  rowwise: true,
  pages: "none",
};

export function gated(gate: F32Rows, up: F32Rows): F32Rows {
  const out = f32Rows(gate.rows, gate.columns);
  for (let i = 0; i < out.values.length; i += 1) {
    const g = gate.values[i] ?? 0;
    out.values[i] = (g / (1 + Math.exp(-g))) * (up.values[i] ?? 0);
  }
  return out;
}
