/**
 * The layouts of compressed-tensors for integers. "pack-quantized": `weight_packed` [rows, columns * bits /
 * 32], words of consecutive columns, lowest bits first, values plus 2^(bits - 1); `weight_zero_point`, where
 * there is one, packed so along rows [rows * bits / 32, groups], plus the same; the last words of both are filled up with
 * zeros. "int-quantized": `weight` and `weight_zero_point`, of the scales' shape, are plain int8. `weight_scale`
 * is [rows, groups]; one group is a scale a row, and one value a scale of the whole. Source: compressed-tensors, compressors/quantized_compressors.
 */

import type { SafetensorsTensor } from "../safetensors/model.ts";
import type { GroupMatrix, GroupShape, StoredGroups } from "./group-blocks.ts";
import { floatsOf, wordsOf } from "./packed-words.ts";

export interface CompressedTensors {
  readonly bits: 4 | 8;
  readonly rows: number;
  readonly columns: number;
  /** I32 words, or I8 values. */
  readonly weight: SafetensorsTensor;
  readonly scale: SafetensorsTensor;
  readonly zeroPoint: SafetensorsTensor | null;
  /** Each column's group; null where they lie in order. */
  readonly groupOf: Int32Array | null;
}

/** The tensors have the shapes above. */
export function compressedGroups(tensors: CompressedTensors): StoredGroups {
  const { bits, rows, columns, scale, groupOf } = tensors;
  const groups = scale.elements === 1 ? 1 : scale.elements / rows;
  const shape: GroupShape = { bits, rows, columns, groups, groupOf };
  return { ...shape, scales: scale, symmetric: tensors.zeroPoint === null, open: () => openMatrix(shape, tensors) };
}

function openMatrix(shape: GroupShape, { weight, scale, zeroPoint }: CompressedTensors): GroupMatrix {
  const { bits, columns, groups } = shape;
  const scaleValues = floatsOf(scale);
  const oneScale = scale.elements === 1;
  return {
    ...shape,
    scale: (row, group) => scaleValues[oneScale ? 0 : row * groups + group] ?? 0,
    zeroPoint: zeroPoint === null ? () => 2 ** (bits - 1) : zeroPointOf(zeroPoint, bits, groups),
    readValues:
      weight.dtype === "I8" ? int8Values(weight.view(), columns) : packedValues(wordsOf(weight), bits, columns),
  };
}

/** All stored unsigned: an int8 plus 128 is the same weight with a zero point 128 higher. */
function zeroPointOf(zeroPoint: SafetensorsTensor, bits: 4 | 8, groups: number): GroupMatrix["zeroPoint"] {
  const perWord = 32 / bits;
  if (zeroPoint.dtype === "I8") {
    const bytes = zeroPoint.view();
    return (row, group) =>
      (((bytes[zeroPoint.elements === 1 ? 0 : row * groups + group] ?? 0) << 24) >> 24) + 2 ** (bits - 1);
  }
  const words = wordsOf(zeroPoint);
  return (row, group) =>
    ((words[Math.floor(row / perWord) * groups + group] ?? 0) >>> (bits * (row % perWord))) & (2 ** bits - 1);
}

function int8Values(bytes: Uint8Array, columns: number): GroupMatrix["readValues"] {
  return (first, count, out) => {
    const begin = first * columns;
    for (let i = 0; i < count * columns; i += 1) out[i] = (bytes[begin + i] ?? 0) ^ 128;
  };
}

function packedValues(words: Int32Array, bits: 4 | 8, columns: number): GroupMatrix["readValues"] {
  const perWord = 32 / bits;
  const wordsPerRow = Math.ceil(columns / perWord);
  const mask = 2 ** bits - 1;
  return (first, count, out) => {
    for (let row = 0; row < count; row += 1) {
      const begin = (first + row) * wordsPerRow;
      for (let column = 0; column < columns; column += 1) {
        const word = words[begin + Math.floor(column / perWord)] ?? 0;
        out[row * columns + column] = (word >>> (bits * (column % perWord))) & mask;
      }
    }
  };
}
