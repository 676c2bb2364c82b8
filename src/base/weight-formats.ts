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

/**
 * `int8_g32`: int8, an f16 scale for every 32 columns. `int4_g32`: 4 bits with zero point 8, the same
 * scales.
 */
export const WEIGHT_FORMATS = {
  f32: { groupColumns: 1, groupBytes: 4, operand: "f32" },
  f16: { groupColumns: 1, groupBytes: 2, operand: "f32" },
  bf16: { groupColumns: 1, groupBytes: 2, operand: "f32" },
  int8_g32: { groupColumns: 32, groupBytes: SCALE_BYTES + 32, operand: "q8a" },
  int4_g32: { groupColumns: 32, groupBytes: SCALE_BYTES + 16, operand: "q8a" },
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
