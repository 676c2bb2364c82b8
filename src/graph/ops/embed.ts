/** embed: row tokens[t] of the embedding matrix for each token of the step. */

import type { None, OpNode, OpRecord } from "../op.ts";
import { f32Rows } from "../row-matrix.ts";
import type { WeightRef } from "../types.ts";

export type EmbedNode = OpNode<"embed", never, { readonly weight: WeightRef }, None, number>;

export const embed: OpRecord<EmbedNode> = {
  infer({ weights: { weight } }, context) {
    context.require(weight.kind === "matrix", `${weight.tensor} is a vector, not a matrix`);
    return { type: "f32", rows: "tokens", columns: weight.columns };
  },
  cost({ weights: { weight } }, { sizes, weightBytes }) {
    return { flops: 0, bytes: (sizes.tokens * weightBytes(weight)) / weight.rows };
  },
  reference({ weights: { weight } }, context) {
    const { tokens } = context.step;
    const { columns } = weight;
    const table = context.weight(weight);
    const out = f32Rows(tokens.length, columns);
    for (const [row, token] of tokens.entries()) {
      out.values.set(table.subarray(token * columns, (token + 1) * columns), row * columns);
    }
    return out;
  },
  kernels: ["embed"],
  tolerance: { relative: 0, absolute: 0 },
  rowwise: false,
  pages: "none",
};
