/**
 * AWQ's layout for GEMM. Words hold 8 values of 4 bits, those of 8 consecutive rows in the order 0, 2, 4,
 * 6, 1, 3, 5, 7 from the lowest bits on: `qweight` is [columns, rows / 8], `qzeros` [groups, rows / 8],
 * `scales` [groups, rows]. Source: AutoAWQ, WQLinear_GEMM.
 */

import type { SafetensorsTensor } from "../safetensors/model.ts";
import type { GroupMatrix, GroupShape, StoredGroups } from "./group-blocks.ts";
import { floatsOf, wordsOf } from "./packed-words.ts";

export interface AwqTensors {
  readonly qweight: SafetensorsTensor;
  readonly qzeros: SafetensorsTensor;
  readonly scales: SafetensorsTensor;
}

/** The nibble of row i of 8, as a shift. */
const SHIFTS = [0, 16, 4, 20, 8, 24, 12, 28] as const;

/** The tensors have the shapes above. */
export function awqGroups(tensors: AwqTensors): StoredGroups {
  const { qweight, scales } = tensors;
  const [columns = 0, rowWords = 0] = qweight.shape;
  const [groups = 0] = scales.shape;
  const shape: GroupShape = { bits: 4, rows: rowWords * 8, columns, groups, groupOf: null };
  return { ...shape, scales, symmetric: false, open: () => openMatrix(shape, tensors) };
}

function openMatrix(shape: GroupShape, { qweight, qzeros, scales }: AwqTensors): GroupMatrix {
  const { rows, columns } = shape;
  const rowWords = rows / 8;
  const packed = wordsOf(qweight);
  const zeroWords = wordsOf(qzeros);
  const scaleValues = floatsOf(scales);
  return {
    ...shape,
    scale: (row, group) => scaleValues[group * rows + row] ?? 0,
    zeroPoint: (row, group) => nibble(zeroWords[group * rowWords + Math.floor(row / 8)] ?? 0, row),
    readValues(first, count, out) {
      for (let column = 0; column < columns; column += 1) {
        for (let row = 0; row < count; row += 1) {
          const word = packed[column * rowWords + Math.floor((first + row) / 8)] ?? 0;
          out[row * columns + column] = nibble(word, first + row);
        }
      }
    },
  };
}

function nibble(word: number, row: number): number {
  return (word >>> (SHIFTS[row % 8] ?? 0)) & 15;
}
