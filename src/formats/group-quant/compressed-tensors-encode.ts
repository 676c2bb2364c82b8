/** A group-quantised matrix as compressed-tensors' "pack-quantized" stores it; the reader is `compressed-tensors.ts`. */

import { f16FromNumber } from "../quant/half-floats.ts";
import type { SafetensorsContents } from "../safetensors/write.ts";
import type { GroupMatrix } from "./group-blocks.ts";

export interface PackedForm extends Pick<GroupMatrix, "bits" | "rows" | "columns" | "groups"> {
  /** All zero points are 2^(bits - 1), and none is written. */
  readonly symmetric: boolean;
  /** What holds all scales exactly. */
  readonly scaleDtype: "F16" | "F32";
}

/** The tensors of `module`. `matrix`, whose groups lie in order, is asked for when each one's data is. */
export function packQuantized(
  module: string,
  { bits, rows, columns, groups, symmetric, scaleDtype }: PackedForm,
  matrix: () => GroupMatrix,
): readonly SafetensorsContents[] {
  const perWord = 32 / bits;
  const tensor = (
    part: string,
    dtype: SafetensorsContents["dtype"],
    shape: readonly number[],
    data: () => ArrayBufferView,
  ): SafetensorsContents => ({ name: `${module}.${part}`, dtype, shape, data: () => [bytesOf(data())] });
  const wordColumns = Math.ceil(columns / perWord);
  const zeroRows = Math.ceil(rows / perWord);
  const zeroPoints = tensor("weight_zero_point", "I32", [zeroRows, groups], () => packedZeroPoints(matrix(), zeroRows));
  return [
    tensor("weight_packed", "I32", [rows, wordColumns], () => packedValues(matrix(), wordColumns)),
    tensor("weight_scale", scaleDtype, [rows, groups], () => scales(matrix(), scaleDtype)),
    ...(symmetric ? [] : [zeroPoints]),
    tensor("weight_shape", "I64", [2], () => BigInt64Array.of(BigInt(rows), BigInt(columns))),
  ];
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function packedValues(matrix: GroupMatrix, wordColumns: number): Int32Array {
  const { bits, rows, columns } = matrix;
  const perWord = 32 / bits;
  const values = new Uint8Array(rows * columns);
  matrix.readValues(0, rows, values);
  const words = new Int32Array(rows * wordColumns);
  for (const [at, value] of values.entries()) {
    const row = Math.floor(at / columns);
    const column = at % columns;
    const word = row * wordColumns + Math.floor(column / perWord);
    words[word] = (words[word] ?? 0) | (value << (bits * (column % perWord)));
  }
  return words;
}

function scales(matrix: GroupMatrix, dtype: "F16" | "F32"): Uint16Array | Float32Array {
  const { rows, groups } = matrix;
  const values = Float32Array.from({ length: rows * groups }, (_, at) =>
    matrix.scale(Math.floor(at / groups), at % groups),
  );
  return dtype === "F32" ? values : Uint16Array.from(values, f16FromNumber);
}

function packedZeroPoints(matrix: GroupMatrix, zeroRows: number): Int32Array {
  const { bits, rows, groups } = matrix;
  const perWord = 32 / bits;
  const words = new Int32Array(zeroRows * groups);
  for (let row = 0; row < rows; row += 1) {
    for (let group = 0; group < groups; group += 1) {
      const word = Math.floor(row / perWord) * groups + group;
      words[word] = (words[word] ?? 0) | (matrix.zeroPoint(row, group) << (bits * (row % perWord)));
    }
  }
  return words;
}
