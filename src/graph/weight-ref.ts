/** Constructors of weight references, and the row order as an index. */

import type { RowOrder, WeightRef } from "./types.ts";

const SOURCE_ORDER: RowOrder = { kind: "source" };

/** A matrix of `rows` outputs by `columns` inputs. */
export function matrixRef(tensor: string, rows: number, columns: number, rowOrder: RowOrder = SOURCE_ORDER): WeightRef {
  return { kind: "matrix", tensor, rows, columns, rowOrder, columnOrder: "own" };
}

/** A vector of `length`; its order of elements is that of the matrix rows it belongs to. */
export function vectorRef(tensor: string, length: number, rowOrder: RowOrder = SOURCE_ORDER): WeightRef {
  return { kind: "vector", tensor, rows: 1, columns: length, rowOrder, columnOrder: "own" };
}

/** Equal references share one packed weight. */
export function weightKey(ref: WeightRef): string {
  const order = ref.rowOrder.kind === "source" ? "" : ` rope-halves ${ref.rowOrder.headDim}`;
  const columnOrder = ref.columnOrder === "own" ? "" : " stored columns";
  return `${ref.kind} ${ref.tensor} ${ref.rows}x${ref.columns}${order}${columnOrder}`;
}

/**
 * The file's row that becomes row `row`. `rope-halves`: within each head, the pair (2i, 2i + 1) of the
 * file becomes (i, i + headDim / 2).
 */
export function sourceRow(order: RowOrder, row: number): number {
  if (order.kind === "source") return row;
  const half = order.headDim / 2;
  const inHead = row % order.headDim;
  return row - inHead + (inHead < half ? 2 * inHead : 2 * (inHead - half) + 1);
}
