/** kv_store: writes the step's K and V rows to the pages of their sequences. It makes no value. */

import { requireColumns, requireF32, requireLayer, requireTokenRows } from "../infer-rules.ts";
import type { None, OpNode, OpRecord, ReferenceContext } from "../op.ts";
import type { F32Rows } from "../row-matrix.ts";
import { forEachSequence } from "../step-sequences.ts";

export type KvStoreNode = OpNode<"kv_store", "k" | "v", None, { readonly layer: number }, null>;

export const kvStore: OpRecord<KvStoreNode> = {
  infer({ inputs, attributes }, context) {
    requireLayer(context, attributes.layer);
    for (const id of [inputs.k, inputs.v]) {
      const value = requireF32(context, id);
      requireTokenRows(context, value);
      requireColumns(context, value, context.kv.kvHeads * context.kv.headDim);
    }
    return null;
  },
  cost(_, { sizes, kvPositionBytes }) {
    return { flops: 0, bytes: sizes.tokens * kvPositionBytes };
  },
  reference({ inputs, attributes }, context) {
    storeRows(context, attributes.layer, context.f32(inputs.k), context.f32(inputs.v));
    return null;
  },
  kernels: ["kv_store"],
  tolerance: { relative: 0, absolute: 0 },
  rowwise: false,
  pages: "writes",
};

/** Stores row r of k and v at positions[r] of the row's sequence. */
export function storeRows({ step, pages }: ReferenceContext, layer: number, k: F32Rows, v: F32Rows): void {
  forEachSequence(step, ({ firstRow, endRow, pageTable }) => {
    for (let row = firstRow; row < endRow; row += 1) {
      const position = step.positions[row] ?? 0;
      const page = pageTable[Math.floor(position / pages.pageTokens)] ?? 0;
      pages.store(layer, page, position % pages.pageTokens, k, v, row);
    }
  });
}
