/**
 * Round to nearest: 4 bits with a scale and a zero point for each group of columns, both chosen so that
 * 0 and the group's extremes are in range.
 */

import { f16FromNumber, f16ToNumber } from "../quant/half-floats.ts";
import type { GroupMatrix } from "./group-blocks.ts";

const BITS = 4;

/** `values` row by row; `groupColumns` divides `columns`. */
export function roundToGroups(values: Float32Array, columns: number, groupColumns: number): GroupMatrix {
  const largest = 2 ** BITS - 1;
  const groups = columns / groupColumns;
  const scales = new Float32Array(values.length / groupColumns);
  const zeroPoints = new Uint8Array(scales.length);
  for (let group = 0; group < scales.length; group += 1) {
    const { low, high } = extremes(values, group * groupColumns, groupColumns);
    const scale = f16ToNumber(f16FromNumber((high - low) / largest));
    scales[group] = scale;
    zeroPoints[group] = scale === 0 ? 0 : clamp(Math.round(-low / scale), largest);
  }
  return {
    bits: BITS,
    rows: values.length / columns,
    columns,
    groups,
    groupOf: null,
    scale: (row, group) => scales[row * groups + group] ?? 0,
    zeroPoint: (row, group) => zeroPoints[row * groups + group] ?? 0,
    readValues(first, count, out) {
      for (let i = 0; i < count * columns; i += 1) {
        const at = first * columns + i;
        const group = Math.floor(at / groupColumns);
        const scale = scales[group] ?? 0;
        out[i] = scale === 0 ? 0 : clamp(Math.round((values[at] ?? 0) / scale) + (zeroPoints[group] ?? 0), largest);
      }
    },
  };
}

/** Of the group and 0. */
function extremes(values: Float32Array, begin: number, count: number): { readonly low: number; readonly high: number } {
  let low = 0;
  let high = 0;
  for (let i = begin; i < begin + count; i += 1) {
    const value = values[i] ?? 0;
    if (value < low) low = value;
    else if (value > high) high = value;
  }
  return { low, high };
}

function clamp(value: number, largest: number): number {
  return Math.min(largest, Math.max(0, value));
}
