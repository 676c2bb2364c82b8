/**
 * linear_qkv: the three projections of attention in one pass over x; q and k are normed by head where
 * they have norms, then turned by the RoPE table; q becomes the value, k and v go to the pages of the layer.
 */

import {
  requireColumns,
  requireF32,
  requireLayer,
  requireOperand,
  requireProjection,
  requireTokenRows,
  requireVector,
} from "../infer-rules.ts";
import type { OpNode, OpRecord, ReferenceContext } from "../op.ts";
import type { F32Rows } from "../row-matrix.ts";
import type { ValueId, WeightRef } from "../types.ts";
import { storeRows } from "./kv-store.ts";
import { project, PROJECTION_TOLERANCE, projectionCost } from "./linear.ts";
import { normRows } from "./rms-norm.ts";
import { rotate } from "./rope.ts";

export interface QkvWeights {
  readonly [role: string]: WeightRef | null;
  readonly q: WeightRef;
  readonly k: WeightRef;
  readonly v: WeightRef;
  readonly qBias: WeightRef | null;
  readonly kBias: WeightRef | null;
  readonly vBias: WeightRef | null;
  readonly qNorm: WeightRef | null;
  readonly kNorm: WeightRef | null;
}

export type LinearQkvNode = OpNode<
  "linear_qkv",
  "x" | "ropeTable",
  QkvWeights,
  /** The epsilon of both norms; without norms it has no effect. */
  { readonly layer: number; readonly epsilon: number },
  number
>;

export const linearQkv: OpRecord<LinearQkvNode> = {
  infer({ inputs, weights, attributes }, context) {
    const x = requireOperand(context, inputs.x);
    const table = requireF32(context, inputs.ropeTable);
    const { kvHeads, headDim } = context.kv;
    requireLayer(context, attributes.layer);
    requireTokenRows(context, x);
    requireColumns(context, table, headDim);
    for (const { weight, bias } of projections(weights)) {
      requireProjection(context, x, weight);
      requireVector(context, bias, weight.rows);
    }
    for (const norm of [weights.qNorm, weights.kNorm]) requireVector(context, norm, headDim);
    context.require(attributes.epsilon >= 0, `epsilon ${attributes.epsilon} is negative`);
    context.require(weights.q.rows % headDim === 0, `${weights.q.tensor} does not divide into heads of ${headDim}`);
    for (const weight of [weights.k, weights.v]) {
      context.require(
        weight.rows === kvHeads * headDim,
        `${weight.tensor} has ${weight.rows} rows, not ${kvHeads * headDim}`,
      );
    }
    return { type: "f32", rows: "tokens", columns: weights.q.rows };
  },
  cost({ inputs, weights }, context) {
    const { flops, bytes } = projectionCost(context, inputs.x, [weights.q, weights.k, weights.v]);
    return { flops, bytes: bytes + context.sizes.tokens * context.kvPositionBytes };
  },
  reference({ inputs, weights, attributes }, context) {
    const [q, k, v] = projectAll(context, inputs.x, weights);
    const table = context.f32(inputs.ropeTable);
    const turned = (x: F32Rows, norm: WeightRef | null): F32Rows =>
      rotate(norm === null ? x : normRows(x, context.weight(norm), attributes.epsilon), table);
    storeRows(context, attributes.layer, turned(k, weights.kNorm), v);
    return turned(q, weights.qNorm);
  },
  kernels: ["linear_qkv"],
  tolerance: PROJECTION_TOLERANCE,
  rowwise: false,
  pages: "writes",
};

function projections({ q, k, v, qBias, kBias, vBias }: QkvWeights) {
  return [
    { weight: q, bias: qBias },
    { weight: k, bias: kBias },
    { weight: v, bias: vBias },
  ] as const;
}

function projectAll(context: ReferenceContext, id: ValueId, weights: QkvWeights): [F32Rows, F32Rows, F32Rows] {
  const x = context.rows(id);
  const [q, k, v] = projections(weights);
  const run = ({ weight, bias }: typeof q): F32Rows =>
    project(x, context.weight(weight), weight.rows, bias === null ? null : context.weight(bias));
  return [run(q), run(k), run(v)];
}
