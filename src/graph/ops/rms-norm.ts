/**
 * rms_norm: x / sqrt(mean(x^2) + epsilon) * weight, by row, or by each of `groups` equal parts of a row,
 * such as heads, all by one weight. Zhang and Sennrich, 2019.
 */

import { quantizable, requireF32, requireVector } from "../infer-rules.ts";
import type { OpNode, OpRecord } from "../op.ts";
import { type F32Rows, f32Rows, quantizeRows } from "../row-matrix.ts";
import type { WeightRef } from "../types.ts";

export type RmsNormNode = OpNode<
  "rms_norm",
  "x",
  { readonly weight: WeightRef },
  { readonly epsilon: number; readonly groups: number; readonly outType: "f32" | "q8a" },
  number
>;

export const rmsNorm: OpRecord<RmsNormNode> = {
  infer({ inputs, weights, attributes }, context) {
    const x = requireF32(context, inputs.x);
    const { groups } = attributes;
    context.require(
      Number.isInteger(groups) && groups >= 1 && x.columns % groups === 0,
      `${x.columns} columns do not divide into ${groups} groups`,
    );
    requireVector(context, weights.weight, x.columns / groups);
    context.require(attributes.epsilon >= 0, `epsilon ${attributes.epsilon} is negative`);
    return quantizable(context, attributes.outType, x);
  },
  cost({ inputs, weights }, context) {
    return {
      flops: 4 * context.rows(inputs.x) * context.columns(inputs.x),
      bytes: context.weightBytes(weights.weight),
    };
  },
  reference({ inputs, weights, attributes }, context) {
    const x = context.f32(inputs.x);
    const normed = normRows(x, context.weight(weights.weight), attributes.epsilon);
    return attributes.outType === "q8a" ? quantizeRows(normed) : normed;
  },
  kernels: ["rms_norm"],
  tolerance: { relative: 1e-6, absolute: 0 },
  rowwise: true,
  pages: "none",
};

/** Runs of the weight's length, each by its own mean. */
export function normRows(x: F32Rows, weight: Float32Array, epsilon: number): F32Rows {
  const width = weight.length;
  const out = f32Rows(x.rows, x.columns);
  for (let begin = 0; begin < x.values.length; begin += width) {
    let squares = 0;
    for (let i = begin; i < begin + width; i += 1) squares += (x.values[i] ?? 0) ** 2;
    const factor = 1 / Math.sqrt(squares / width + epsilon);
    for (let i = 0; i < width; i += 1) {
      out.values[begin + i] = (x.values[begin + i] ?? 0) * factor * (weight[i] ?? 0);
    }
  }
  return out;
}
