/** Weights rounded to integers with a scale and a zero point for each group, as makers of checkpoints do. */

import { bf16FromNumber, f16FromNumber, f16ToNumber } from "../../../src/formats/quant/half-floats.ts";

export interface QuantizedGroups {
  readonly bits: 4 | 8;
  readonly rows: number;
  readonly columns: number;
  readonly groups: number;
  /** Group of each column. */
  readonly groupOf: readonly number[];
  /** [rows * columns], unsigned. */
  readonly values: Uint8Array;
  /** What holds the scales exactly. */
  readonly scaleType: ScaleType;
  /** [rows * groups] */
  readonly scales: Float32Array;
  readonly zeroPoints: Int32Array;
}

export type ScaleType = "F16" | "BF16" | "F32";

const bf16Scratch = new Float32Array(1);

const ROUND_SCALE: Readonly<Record<ScaleType, (scale: number) => number>> = {
  F16: (scale) => f16ToNumber(f16FromNumber(scale)),
  BF16(scale) {
    new Uint32Array(bf16Scratch.buffer)[0] = bf16FromNumber(scale) << 16;
    return bf16Scratch[0] ?? 0;
  },
  F32: Math.fround,
};

export interface GroupOptions {
  readonly bits: 4 | 8;
  /** -1: a row is one group. */
  readonly groupColumns: number;
  readonly symmetric: boolean;
  /**
   * Columns belong to groups in a scattered order, as act-order leaves them: one for all matrices of so many
   * columns, as GPTQ calibrates those of one input, or one for each number of rows, so that Q has another than K.
   */
  readonly scattered?: "by input" | "by matrix";
  readonly scaleType?: ScaleType;
  /** One scale and zero point for the whole matrix. */
  readonly oneScale?: boolean;
}

export function quantizeGroups(weights: Float32Array, columns: number, options: GroupOptions): QuantizedGroups {
  const { bits, symmetric, scattered, scaleType = "F16", oneScale = false } = options;
  const rows = weights.length / columns;
  const width = options.groupColumns === -1 ? columns : options.groupColumns;
  const groups = columns / width;
  // 7 has no factor in common with the widths in use, so this is a permutation.
  const first = scattered === "by matrix" ? rows : 3;
  const groupOf = Array.from({ length: columns }, (_, column) =>
    Math.floor((scattered === undefined ? column : (column * 7 + first) % columns) / width),
  );
  const membersOf = Array.from({ length: groups }, (_, group) =>
    [...groupOf.keys()].filter((column) => groupOf[column] === group),
  );
  const largest = 2 ** bits - 1;
  const scales = new Float32Array(rows * groups);
  const zeroPoints = new Int32Array(rows * groups);
  const values = new Uint8Array(rows * columns);
  const whole = oneScale ? rangeOf(weights) : null;
  for (let row = 0; row < rows; row += 1) {
    for (const [group, members] of membersOf.entries()) {
      const inGroup = members.map((column) => weights[row * columns + column] ?? 0);
      const { low, high } = whole ?? rangeOf(inGroup);
      const range = symmetric ? 2 * Math.max(-low, high) : high - low;
      const scale = ROUND_SCALE[scaleType](range / largest);
      const zeroPoint = symmetric ? 2 ** (bits - 1) : Math.round(-low / scale);
      scales[row * groups + group] = scale;
      zeroPoints[row * groups + group] = zeroPoint;
      for (const [index, column] of members.entries()) {
        const value = Math.round((inGroup[index] ?? 0) / scale) + zeroPoint;
        values[row * columns + column] = Math.min(largest, Math.max(0, value));
      }
    }
  }
  return { bits, rows, columns, groups, groupOf, values, scaleType, scales, zeroPoints };
}

/** Of the values and 0. */
function rangeOf(values: ArrayLike<number>): { readonly low: number; readonly high: number } {
  let [low, high] = [0, 0];
  for (let index = 0; index < values.length; index += 1) {
    low = Math.min(low, values[index] ?? 0);
    high = Math.max(high, values[index] ?? 0);
  }
  return { low, high };
}

/** scale * (value - zero point), in f32. */
export function dequantize(quantized: QuantizedGroups): Float32Array {
  const { columns, groups, groupOf, values, scales, zeroPoints } = quantized;
  const weights = new Float32Array(values.length);
  for (const [index, value] of values.entries()) {
    const at = Math.floor(index / columns) * groups + (groupOf[index % columns] ?? 0);
    weights[index] = (scales[at] ?? 0) * (value - (zeroPoints[at] ?? 0));
  }
  return weights;
}
