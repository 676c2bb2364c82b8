/**
 * rope_table: for each token, the cosines and then the sines of position * frequencies[i],
 * i < headDim / 2. The product is rounded to f32 first, as inference engines do; angles of long
 * contexts would otherwise differ from the ones models meet elsewhere.
 */

import { requireVector } from "../infer-rules.ts";
import type { None, OpNode, OpRecord } from "../op.ts";
import { f32Rows } from "../row-matrix.ts";
import type { WeightRef } from "../types.ts";

export type RopeTableNode = OpNode<"rope_table", never, { readonly frequencies: WeightRef }, None, number>;

export const ropeTable: OpRecord<RopeTableNode> = {
  infer({ weights: { frequencies } }, context) {
    const { headDim } = context.kv;
    requireVector(context, frequencies, headDim / 2);
    return { type: "f32", rows: "tokens", columns: headDim };
  },
  cost({ out }, context) {
    // A sine or cosine is taken as 20 operations.
    return { flops: 20 * context.sizes.tokens * context.columns(out), bytes: 0 };
  },
  reference({ weights }, context) {
    const { positions } = context.step;
    const frequencies = context.weight(weights.frequencies);
    const half = frequencies.length;
    const out = f32Rows(positions.length, 2 * half);
    for (const [row, position] of positions.entries()) {
      for (let i = 0; i < half; i += 1) {
        const angle = Math.fround(position * (frequencies[i] ?? 0));
        out.values[row * 2 * half + i] = Math.cos(angle);
        out.values[row * 2 * half + half + i] = Math.sin(angle);
      }
    }
    return out;
  },
  kernels: ["rope_table"],
  tolerance: { relative: 2e-7, absolute: 0 },
  rowwise: false,
  pages: "none",
};
