/**
 * How packed weights are stored: one row each, in the order of their codes in an encoded program.
 * `native/kernels/weight_formats.cc` has the same rows, and a conformance test compares the two. Which
 * source type becomes which format is `compile/weight-formats.ts`.
 */

import type { ValueType } from "./dtypes.ts";

export interface WeightFormatInfo {
  /** A row is a whole number of groups. */
  readonly groupColumns: number;
  /** Of one row. */
  readonly groupBytes: number;
  /** What the kernels multiply it with. */
  readonly operand: Extract<ValueType, "f32" | "q8a">;
}

const SCALE_BYTES = 2;
const ZERO_POINT_BYTES = 1;

/** Of 8 groups of 32 columns, each with its values and some integers of a byte, behind f16 scales. */
function superblockBytes(scales: number, integers: number, valueBytes: number): number {
  return scales * SCALE_BYTES + 8 * (integers + valueBytes);
}

/**
 * Integers of so many bits, or codes for 16 levels. `g32`: an f16 scale for every 32 columns. `k32`, `k16`:
 * an f16 scale for every 256, times an integer for every 32 or 16. `min`: minima of the same kind. `zero`:
 * a zero point beside each scale; `wide`: the same with f32 scales.
 */
export const WEIGHT_FORMATS = {
  f32: { groupColumns: 1, groupBytes: 4, operand: "f32" },
  f16: { groupColumns: 1, groupBytes: 2, operand: "f32" },
  bf16: { groupColumns: 1, groupBytes: 2, operand: "f32" },
  int8_g32: { groupColumns: 32, groupBytes: SCALE_BYTES + 32, operand: "q8a" },
  int4_g32: { groupColumns: 32, groupBytes: SCALE_BYTES + 16, operand: "q8a" },
  int4_g32_min: { groupColumns: 32, groupBytes: 2 * SCALE_BYTES + 16, operand: "q8a" },
  int5_g32: { groupColumns: 32, groupBytes: SCALE_BYTES + 20, operand: "q8a" },
  int5_g32_min: { groupColumns: 32, groupBytes: 2 * SCALE_BYTES + 20, operand: "q8a" },
  code4_g32: { groupColumns: 32, groupBytes: SCALE_BYTES + 16, operand: "q8a" },
  int2_k16_min: { groupColumns: 256, groupBytes: superblockBytes(2, 2, 8), operand: "q8a" },
  int3_k16: { groupColumns: 256, groupBytes: superblockBytes(1, 2, 12), operand: "q8a" },
  int4_k32_min: { groupColumns: 256, groupBytes: superblockBytes(2, 2, 16), operand: "q8a" },
  int5_k32_min: { groupColumns: 256, groupBytes: superblockBytes(2, 2, 20), operand: "q8a" },
  int6_k16: { groupColumns: 256, groupBytes: superblockBytes(1, 2, 24), operand: "q8a" },
  code4_k32: { groupColumns: 256, groupBytes: superblockBytes(1, 1, 16), operand: "q8a" },
  int4_g32_zero: { groupColumns: 32, groupBytes: SCALE_BYTES + ZERO_POINT_BYTES + 16, operand: "q8a" },
  int4_g64_zero: { groupColumns: 64, groupBytes: SCALE_BYTES + ZERO_POINT_BYTES + 32, operand: "q8a" },
  int4_g128_zero: { groupColumns: 128, groupBytes: SCALE_BYTES + ZERO_POINT_BYTES + 64, operand: "q8a" },
  int8_g32_zero: { groupColumns: 32, groupBytes: SCALE_BYTES + ZERO_POINT_BYTES + 32, operand: "q8a" },
  int8_g128_zero: { groupColumns: 128, groupBytes: SCALE_BYTES + ZERO_POINT_BYTES + 128, operand: "q8a" },
  int4_g32_wide: { groupColumns: 32, groupBytes: 2 * SCALE_BYTES + ZERO_POINT_BYTES + 16, operand: "q8a" },
  int8_g32_wide: { groupColumns: 32, groupBytes: 2 * SCALE_BYTES + ZERO_POINT_BYTES + 32, operand: "q8a" },
} as const satisfies Record<string, WeightFormatInfo>;

export type WeightFormat = keyof typeof WEIGHT_FORMATS;

/** Codes are positions; order is part of the ABI. */
export const WEIGHT_FORMAT_CODES = Object.keys(WEIGHT_FORMATS) as readonly WeightFormat[];

/** What a matrix in `format` is multiplied with. */
export function operandOf(format: WeightFormat): WeightFormatInfo["operand"] {
  return WEIGHT_FORMATS[format].operand;
}

/** Bytes of one row of `columns` columns, a whole number of groups. */
export function weightRowBytes(format: WeightFormat, columns: number): number {
  const { groupColumns, groupBytes } = WEIGHT_FORMATS[format];
  return Math.ceil(columns / groupColumns) * groupBytes;
}
