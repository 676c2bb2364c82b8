/**
 * Values as the references hold them: matrices with one row for each token or logits row. `q8a` is
 * defined here: the rounding that `base/dtypes.ts` names, step by step as the kernels do it.
 */

import { QUANT_GROUP } from "../base/dtypes.ts";
import { invariant } from "../base/invariant.ts";

export interface F32Rows {
  readonly type: "f32";
  readonly rows: number;
  readonly columns: number;
  /** [rows, columns] */
  readonly values: Float32Array;
}

/** Sums of groups, which kernels keep beside the scales, follow from the values and are not held. */
export interface Q8aRows {
  readonly type: "q8a";
  readonly rows: number;
  readonly columns: number;
  /** [rows, columns] */
  readonly values: Int8Array;
  /** [rows, columns / QUANT_GROUP] */
  readonly scales: Float32Array;
}

export type RowMatrix = F32Rows | Q8aRows;

export function f32Rows(
  rows: number,
  columns: number,
  values: Float32Array = new Float32Array(rows * columns),
): F32Rows {
  invariant(values.length === rows * columns, `${rows} x ${columns} values, not ${values.length}`);
  return { type: "f32", rows, columns, values };
}

/** Row `row` of an f32 matrix, shared. */
export function rowOf(matrix: F32Rows, row: number): Float32Array {
  return matrix.values.subarray(row * matrix.columns, (row + 1) * matrix.columns);
}

/** 1.5 * 2^52: adding it to a number below 2^51 leaves the nearest integer, ties to even. */
const ROUNDING = 6755399441055744;

/** The nearest integer, ties to even; |value| < 2^51. */
export function roundHalfEven(value: number): number {
  return value + ROUNDING - ROUNDING;
}

/** Per group of 32: scale = max|x| / 127 in f32, and each x / scale in f32, rounded half to even. */
export function quantizeRows(matrix: F32Rows): Q8aRows {
  const { rows, columns, values } = matrix;
  const quantized = new Int8Array(rows * columns);
  const scales = new Float32Array((rows * columns) / QUANT_GROUP);
  for (let group = 0; group < scales.length; group += 1) {
    const begin = group * QUANT_GROUP;
    const scale = quantizeRun(values, begin, QUANT_GROUP, quantized);
    scales[group] = scale;
  }
  return { type: "q8a", rows, columns, values: quantized, scales };
}

/**
 * Quantises `count` elements from `begin` on into the same places of `out` and returns their scale. A
 * subnormal scale can be too coarse, so the result is held within +-127.
 */
export function quantizeRun(values: Float32Array, begin: number, count: number, out: Int8Array): number {
  let largest = 0;
  for (let i = begin; i < begin + count; i += 1) largest = Math.max(largest, Math.abs(values[i] ?? 0));
  const scale = Math.fround(largest / 127);
  if (scale === 0) {
    out.fill(0, begin, begin + count);
    return 0;
  }
  for (let i = begin; i < begin + count; i += 1) {
    const rounded = roundHalfEven(Math.fround((values[i] ?? 0) / scale));
    out[i] = Math.max(-127, Math.min(127, rounded));
  }
  return scale;
}

/** All values as f64; exact for both types. */
export function toF64(matrix: RowMatrix): Float64Array {
  if (matrix.type === "f32") return Float64Array.from(matrix.values);
  const out = new Float64Array(matrix.values.length);
  for (let i = 0; i < out.length; i += 1) {
    out[i] = (matrix.values[i] ?? 0) * (matrix.scales[Math.floor(i / QUANT_GROUP)] ?? 0);
  }
  return out;
}

/** Column `order[i]` of each row becomes column i. */
export function gatherColumns(matrix: F32Rows, order: Float32Array): F32Rows {
  const out = f32Rows(matrix.rows, order.length);
  for (let row = 0; row < matrix.rows; row += 1) {
    const from = rowOf(matrix, row);
    for (const [at, column] of order.entries()) out.values[row * order.length + at] = from[column] ?? 0;
  }
  return out;
}

/** Rows `which` of a matrix, in that order, copied. */
export function gatherMatrixRows(matrix: RowMatrix, which: Int32Array): RowMatrix {
  const { columns } = matrix;
  const rows = which.length;
  if (matrix.type === "f32") return f32Rows(rows, columns, gathered(matrix.values, which, columns));
  return {
    type: "q8a",
    rows,
    columns,
    values: gathered(matrix.values, which, columns),
    scales: gathered(matrix.scales, which, columns / QUANT_GROUP),
  };
}

function gathered<Values extends Float32Array | Int8Array>(source: Values, which: Int32Array, columns: number): Values {
  const size = which.length * columns;
  const out = (source instanceof Int8Array ? new Int8Array(size) : new Float32Array(size)) as Values;
  for (const [index, row] of which.entries()) {
    out.set(source.subarray(row * columns, (row + 1) * columns), index * columns);
  }
  return out;
}
