/**
 * rope: turns each head's pairs (i, i + headDim / 2) by the angles of the table. Su et al., RoFormer,
 * 2021, in the half-split pairing of GPT-NeoX; files that pair neighbours are reordered when their
 * weights are packed.
 */

import { requireColumns, requireF32, requireHeads, requireTokenRows } from "../infer-rules.ts";
import type { None, OpNode, OpRecord } from "../op.ts";
import { type F32Rows, f32Rows } from "../row-matrix.ts";

export type RopeNode = OpNode<"rope", "x" | "table", None, { readonly heads: number }, number>;

export const ROPE_TOLERANCE = { relative: 1e-6, absolute: 0 } as const;

export const rope: OpRecord<RopeNode> = {
  infer({ inputs, attributes }, context) {
    const x = requireF32(context, inputs.x);
    const table = requireF32(context, inputs.table);
    requireHeads(context, x, attributes.heads);
    requireTokenRows(context, x);
    requireTokenRows(context, table);
    requireColumns(context, table, context.kv.headDim);
    return { type: "f32", rows: x.rows, columns: x.columns };
  },
  cost({ inputs }, context) {
    return { flops: 3 * context.rows(inputs.x) * context.columns(inputs.x), bytes: 0 };
  },
  reference({ inputs }, context) {
    return rotate(context.f32(inputs.x), context.f32(inputs.table));
  },
  kernels: ["rope"],
  tolerance: ROPE_TOLERANCE,
  rowwise: true,
  pages: "none",
};

/** x [T, heads * headDim] by table [T, headDim], cosines first. */
export function rotate(x: F32Rows, table: F32Rows): F32Rows {
  const headDim = table.columns;
  const half = headDim / 2;
  const out = f32Rows(x.rows, x.columns);
  for (let row = 0; row < x.rows; row += 1) {
    const angles = row * headDim;
    for (let head = row * x.columns; head < (row + 1) * x.columns; head += headDim) {
      for (let i = 0; i < half; i += 1) {
        const cosine = table.values[angles + i] ?? 0;
        const sine = table.values[angles + half + i] ?? 0;
        const a = x.values[head + i] ?? 0;
        const b = x.values[head + half + i] ?? 0;
        out.values[head + i] = a * cosine - b * sine;
        out.values[head + half + i] = b * cosine + a * sine;
      }
    }
  }
  return out;
}
