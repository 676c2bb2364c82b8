/** Compares a kernel's result with its reference by the rule that `Tolerance` states. */

import { QUANT_GROUP } from "../base/dtypes.ts";
import type { Tolerance } from "./op.ts";
import { type RowMatrix, toF64 } from "./row-matrix.ts";

/** Null where every element is within the tolerance, else which one is worst and by how much. */
export function toleranceProblem(actual: RowMatrix, expected: RowMatrix, tolerance: Tolerance): string | null {
  if (actual.type !== expected.type || actual.rows !== expected.rows || actual.columns !== expected.columns) {
    return `${actual.type} [${actual.rows}, ${actual.columns}] against ${expected.type} [${expected.rows}, ${expected.columns}]`;
  }
  const found = toF64(actual);
  const wanted = toF64(expected);
  const { rows, columns } = expected;
  let worst = 0;
  let problem: string | null = null;
  for (let row = 0; row < rows; row += 1) {
    const allowed = rowAllowance(wanted.subarray(row * columns, (row + 1) * columns), tolerance);
    for (let column = 0; column < columns; column += 1) {
      const index = row * columns + column;
      const bound = allowed + quantumOf(expected, index);
      const excess = Math.abs((found[index] ?? 0) - (wanted[index] ?? 0)) / bound;
      // A NaN is never within; two equal infinities, or an exact match under a bound of 0, are.
      if (found[index] === wanted[index] || excess <= 1) continue;
      if (problem === null || !(excess <= worst)) {
        worst = excess;
        problem = `[${row}, ${column}] is ${found[index]}, not ${wanted[index]} within ${bound}`;
      }
    }
  }
  return problem;
}

function rowAllowance(row: Float64Array, { relative, absolute }: Tolerance): number {
  let largest = 0;
  for (const value of row) largest = Math.max(largest, Math.abs(value));
  return relative * largest + absolute;
}

/**
 * Of a q8a result: one step, as an f32 difference of any size can carry a value over a rounding border,
 * and a little for the scale itself.
 */
function quantumOf(expected: RowMatrix, index: number): number {
  return expected.type === "q8a" ? (expected.scales[Math.floor(index / QUANT_GROUP)] ?? 0) * 1.001 : 0;
}
