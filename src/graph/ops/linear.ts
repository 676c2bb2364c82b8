/** linear: x W^T (+ bias). With q8a operands the products are those of the quantised numbers. */

import { requireOperand, requireProjection, requireVector } from "../infer-rules.ts";
import type { CostContext, None, OpNode, OpRecord } from "../op.ts";
import { type F32Rows, f32Rows, type RowMatrix, toF64 } from "../row-matrix.ts";
import type { Cost, ValueId, WeightRef } from "../types.ts";

export interface LinearWeights {
  readonly [role: string]: WeightRef | null;
  readonly weight: WeightRef;
  readonly bias: WeightRef | null;
}

export type LinearNode = OpNode<"linear", "x", LinearWeights, None, number>;

/** Of all ops that project: f32 accumulation over up to some 16k columns. */
export const PROJECTION_TOLERANCE = { relative: 1e-5, absolute: 1e-7 } as const;

export const linear: OpRecord<LinearNode> = {
  infer({ inputs, weights: { weight, bias } }, context) {
    const x = requireOperand(context, inputs.x);
    requireProjection(context, x, weight);
    requireVector(context, bias, weight.rows);
    return { type: "f32", rows: x.rows, columns: weight.rows };
  },
  cost({ inputs, weights }, context) {
    return projectionCost(context, inputs.x, [weights.weight]);
  },
  reference({ inputs, weights: { weight, bias } }, context) {
    return project(
      context.rows(inputs.x),
      context.weight(weight),
      weight.rows,
      bias === null ? null : context.weight(bias),
    );
  },
  kernels: ["linear"],
  tolerance: PROJECTION_TOLERANCE,
  rowwise: true,
  pages: "none",
};

/** A multiply-add for each weight and row; each weight is read once for all rows. */
export function projectionCost(context: CostContext, x: ValueId, weights: readonly WeightRef[]): Cost {
  const rows = context.rows(x);
  let flops = 0;
  let bytes = 0;
  for (const weight of weights) {
    flops += 2 * rows * weight.rows * weight.columns;
    bytes += rows === 0 ? 0 : context.weightBytes(weight);
  }
  return { flops, bytes };
}

/** x [T, K] by weight [outputs, K], both row-major, to [T, outputs]. */
export function project(x: RowMatrix, weight: Float32Array, outputs: number, bias: Float32Array | null): F32Rows {
  const { rows, columns } = x;
  const operand = toF64(x);
  const out = f32Rows(rows, outputs);
  for (let output = 0; output < outputs; output += 1) {
    const offset = bias === null ? 0 : (bias[output] ?? 0);
    for (let row = 0; row < rows; row += 1) {
      const sum = dot(operand, row * columns, weight, output * columns, columns);
      out.values[row * outputs + output] = sum + offset;
    }
  }
  return out;
}

/** Four partial sums in a fixed order: faster than one, and the same for any number of rows. */
function dot(x: Float64Array, xBegin: number, w: Float32Array, wBegin: number, count: number): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    a += (x[xBegin + i] ?? 0) * (w[wBegin + i] ?? 0);
    b += (x[xBegin + i + 1] ?? 0) * (w[wBegin + i + 1] ?? 0);
    c += (x[xBegin + i + 2] ?? 0) * (w[wBegin + i + 2] ?? 0);
    d += (x[xBegin + i + 3] ?? 0) * (w[wBegin + i + 3] ?? 0);
  }
  for (; i < count; i += 1) a += (x[xBegin + i] ?? 0) * (w[wBegin + i] ?? 0);
  return a + b + (c + d);
}
