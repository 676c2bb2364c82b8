/**
 * attention: softmax(scale * q k^T) v over positions 0 .. positions[r] of each row's sequence, read
 * from pages; query heads share KV heads in groups (Ainslie et al., GQA, 2023). Rows of K and V are
 * those that the step has stored, so a chunk attends its own rows as rounded to the KV type.
 */

import { quantizable, requireF32, requireHeads, requireLayer, requireTokenRows } from "../infer-rules.ts";
import type { None, OpNode, OpRecord, ReferenceContext } from "../op.ts";
import { type F32Rows, f32Rows, quantizeRows } from "../row-matrix.ts";
import { forEachSequence } from "../step-sequences.ts";

export interface AttentionAttributes {
  readonly [name: string]: number | string;
  readonly layer: number;
  /** Query heads. */
  readonly heads: number;
  readonly scale: number;
  readonly outType: "f32" | "q8a";
}

export type AttentionNode = OpNode<"attention", "q", None, AttentionAttributes, number>;

export const attention: OpRecord<AttentionNode> = {
  infer({ inputs, attributes }, context) {
    const q = requireF32(context, inputs.q);
    const { heads, layer, outType } = attributes;
    requireLayer(context, layer);
    requireTokenRows(context, q);
    requireHeads(context, q, heads);
    const { kvHeads } = context.kv;
    context.require(heads % kvHeads === 0, `${heads} query heads do not share ${kvHeads} KV heads evenly`);
    return quantizable(context, outType, q);
  },
  cost({ inputs }, context) {
    const { attendedPositions } = context.sizes;
    return {
      flops: 4 * context.columns(inputs.q) * attendedPositions,
      bytes: attendedPositions * context.kvPositionBytes,
    };
  },
  reference({ inputs, attributes }, context) {
    const out = attendRows(context, attributes, context.f32(inputs.q));
    return attributes.outType === "q8a" ? quantizeRows(out) : out;
  },
  kernels: ["attend", "attend_reduce"],
  // With int8 pages kernels may quantise queries and probabilities too, to 8 bits.
  tolerance: { relative: 2e-2, absolute: 1e-6 },
  rowwise: false,
  pages: "reads",
};

function attendRows(context: ReferenceContext, attributes: AttentionAttributes, q: F32Rows): F32Rows {
  const out = f32Rows(q.rows, q.columns);
  forEachSequence(context.step, ({ firstRow, endRow, pageTable }) => {
    for (let row = firstRow; row < endRow; row += 1) attendRow(context, attributes, q, row, pageTable, out);
  });
  return out;
}

function attendRow(
  context: ReferenceContext,
  { layer, heads, scale }: AttentionAttributes,
  q: F32Rows,
  row: number,
  pageTable: Int32Array,
  out: F32Rows,
): void {
  const { pages, kv, step } = context;
  const { pageTokens } = pages;
  const { headDim } = kv;
  const kvColumns = kv.kvHeads * headDim;
  const attended = (step.positions[row] ?? 0) + 1;
  const scores = new Float64Array(attended);
  const sums = new Float64Array(headDim);
  for (let head = 0; head < heads; head += 1) {
    const query = row * q.columns + head * headDim;
    const kvHead = Math.floor((head * kv.kvHeads) / heads) * headDim;
    let largest = -Infinity;
    for (let begin = 0; begin < attended; begin += pageTokens) {
      const keys = pages.keys(layer, pageTable[begin / pageTokens] ?? 0);
      const end = Math.min(begin + pageTokens, attended);
      for (let position = begin; position < end; position += 1) {
        const key = (position - begin) * kvColumns + kvHead;
        let score = 0;
        for (let i = 0; i < headDim; i += 1) score += (q.values[query + i] ?? 0) * (keys[key + i] ?? 0);
        scores[position] = score * scale;
        largest = Math.max(largest, score * scale);
      }
    }
    sums.fill(0);
    let total = 0;
    for (let begin = 0; begin < attended; begin += pageTokens) {
      const values = pages.values(layer, pageTable[begin / pageTokens] ?? 0);
      const end = Math.min(begin + pageTokens, attended);
      for (let position = begin; position < end; position += 1) {
        const weight = Math.exp((scores[position] ?? 0) - largest);
        total += weight;
        const value = (position - begin) * kvColumns + kvHead;
        for (let i = 0; i < headDim; i += 1) sums[i] = (sums[i] ?? 0) + weight * (values[value + i] ?? 0);
      }
    }
    for (let i = 0; i < headDim; i += 1) out.values[query + i] = (sums[i] ?? 0) / total;
  }
}
