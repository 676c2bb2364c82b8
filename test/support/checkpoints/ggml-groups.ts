/**
 * Q4_0 and Q8_0 as groups of integers: blocks of 32 without a zero point, rounded as ggml's quantize_row_q4_0_ref and
 * quantize_row_q8_0_ref do, in f32.
 */

import { f16FromNumber, f16ToNumber } from "../../../src/formats/quant/half-floats.ts";
import type { QuantizedGroups } from "./quantize-groups.ts";

const COLUMNS = 32;
const { fround } = Math;

export function ggmlGroups(weights: Float32Array, columns: number, bits: 4 | 8): QuantizedGroups {
  const rows = weights.length / columns;
  const groups = columns / COLUMNS;
  const scales = new Float32Array(rows * groups);
  const values = new Uint8Array(weights.length);
  for (const at of scales.keys()) {
    const block = weights.subarray(at * COLUMNS, (at + 1) * COLUMNS);
    let largest = 0;
    for (const value of block) if (Math.abs(value) > Math.abs(largest)) largest = value;
    const scale = fround(bits === 4 ? largest / -8 : Math.abs(largest) / 127);
    const inverse = scale === 0 ? 0 : fround(1 / scale);
    scales[at] = f16ToNumber(f16FromNumber(scale));
    for (const [index, value] of block.entries()) {
      const scaled = fround(value * inverse);
      values[at * COLUMNS + index] =
        bits === 4 ? Math.min(15, Math.trunc(fround(scaled + 8.5))) : 128 + rounded(scaled);
    }
  }
  const groupOf = Array.from({ length: columns }, (_, column) => Math.floor(column / COLUMNS));
  const zeroPoints = new Int32Array(rows * groups).fill(2 ** (bits - 1));
  return { bits, rows, columns, groups, groupOf, values, scaleType: "F16", scales, zeroPoints };
}

/** C's roundf: halves away from zero. */
function rounded(value: number): number {
  return Math.sign(value) * Math.floor(Math.abs(value) + 0.5);
}
