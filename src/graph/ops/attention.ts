/**
 * attention: softmax(scale * q k^T) v over positions 0 .. positions[r] of each row's sequence, read
 * from pages; query heads share KV heads in groups (Ainslie et al., GQA, 2023). Rows of K and V are
 * those that the step has stored, so a chunk attends its own rows as rounded to the KV type.
 */

import { quantizable, requireF32, requireHeads, requireLayer, requireTokenRows } from "../infer-rules.ts";
import type { None, OpNode, OpRecord, ReferenceContext } from "../op.ts";
import { type F32Rows, f32Rows, quantizeRows } from "../row-matrix.ts";
import { forEachSequence } from "../step-sequences.ts";
import type { KvGroup } from "../types.ts";

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
  tolerance: { relative: 1e-5, absolute: 1e-7 },
  // Kernels quantise queries and probabilities to 8 bits as well.
  int8PagesTolerance: { relative: 2e-2, absolute: 1e-6 },
  rowwise: false,
  pages: "reads",
};

function attendRows(context: ReferenceContext, attributes: AttentionAttributes, q: F32Rows): F32Rows {
  const { pages, kv, step } = context;
  const { layer, heads, scale } = attributes;
  const { headDim, kvHeads } = kv;
  const groupColumns = (heads / kvHeads) * headDim;
  const attended = (row: number): number => (step.positions[row] ?? 0) + 1;
  const out = f32Rows(q.rows, q.columns);
  forEachSequence(step, ({ firstRow, endRow, pageTable }) => {
    const positions = attended(endRow - 1);
    for (let kvHead = 0; kvHead < kvHeads; kvHead += 1) {
      const head = { kv, kvHead, pageTokens: pages.pageTokens, positions };
      const keys = headRows(head, (index) => pages.keys(layer, pageTable[index] ?? 0));
      const values = headRows(head, (index) => pages.values(layer, pageTable[index] ?? 0));
      for (let row = firstRow; row < endRow; row += 1) {
        const begin = row * q.columns + kvHead * groupColumns;
        for (let query = begin; query < begin + groupColumns; query += headDim) {
          const weights = softmaxScores(q.values.subarray(query, query + headDim), keys, attended(row), scale);
          weightedSum(weights, values, out.values.subarray(query, query + headDim));
        }
      }
    }
  });
  return out;
}

interface HeadOfSequence {
  readonly kv: KvGroup;
  readonly kvHead: number;
  readonly pageTokens: number;
  readonly positions: number;
}

/** One head's rows of K or V out of the sequence's pages: [positions, headDim]. */
function headRows(
  { kv, kvHead, pageTokens, positions }: HeadOfSequence,
  block: (pageIndex: number) => Float32Array,
): Float32Array {
  const { headDim } = kv;
  const columns = kv.kvHeads * headDim;
  const rows = new Float32Array(positions * headDim);
  for (let begin = 0; begin < positions; begin += pageTokens) {
    const page = block(begin / pageTokens);
    const count = Math.min(pageTokens, positions - begin);
    for (let slot = 0; slot < count; slot += 1) {
      const source = slot * columns + kvHead * headDim;
      rows.set(page.subarray(source, source + headDim), (begin + slot) * headDim);
    }
  }
  return rows;
}

/** softmax(scale * query . key) over the first `attended` keys. */
function softmaxScores(query: Float32Array, keys: Float32Array, attended: number, scale: number): Float64Array {
  const headDim = query.length;
  const scores = new Float64Array(attended);
  let largest = -Infinity;
  for (let position = 0; position < attended; position += 1) {
    let score = 0;
    for (let i = 0; i < headDim; i += 1) score += (query[i] ?? 0) * (keys[position * headDim + i] ?? 0);
    scores[position] = score * scale;
    largest = Math.max(largest, score * scale);
  }
  let total = 0;
  for (let position = 0; position < attended; position += 1) {
    const weight = Math.exp((scores[position] ?? 0) - largest);
    scores[position] = weight;
    total += weight;
  }
  for (let position = 0; position < attended; position += 1) scores[position] = (scores[position] ?? 0) / total;
  return scores;
}

/** out = the sum of weights[p] * values[p]. */
function weightedSum(weights: Float64Array, values: Float32Array, out: Float32Array): void {
  const headDim = out.length;
  for (let i = 0; i < headDim; i += 1) {
    let sum = 0;
    for (let position = 0; position < weights.length; position += 1) {
      sum += (weights[position] ?? 0) * (values[position * headDim + i] ?? 0);
    }
    out[i] = sum;
  }
}
