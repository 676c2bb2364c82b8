/**
 * GPTQ's layout. Words hold `32 / bits` values, lowest bits first: of consecutive columns in `qweight`
 * [columns * bits / 32, rows], of consecutive rows in `qzeros` [groups, rows * bits / 32]; `scales` is
 * [groups, rows]; `g_idx`, where there is one, gives each column's group. Version 1 of the format stores
 * zero points minus one. Source: AutoGPTQ and GPTQModel, "checkpoint_format" gptq and gptq_v2.
 */

import type { SafetensorsTensor } from "../safetensors/model.ts";
import type { GroupMatrix, GroupShape, StoredGroups } from "./group-blocks.ts";
import { floatsOf, wordsOf } from "./packed-words.ts";

export interface GptqTensors {
  readonly bits: 4 | 8;
  readonly version: 1 | 2;
  readonly qweight: SafetensorsTensor;
  readonly qzeros: SafetensorsTensor;
  readonly scales: SafetensorsTensor;
  /** Each column's group; null where they lie in order. */
  readonly groupOf: Int32Array | null;
}

/**
 * A one in each zero point of a word. Writers of version 1 take it from whole words (GPTQModel's conversion from
 * version 2), so that a zero point of 0 is stored as the largest value and borrows from its neighbour; adding it
 * to whole words gives both back. No writer means 2^bits, which the quantiser's range does not hold.
 */
const ONES = { 4: 0x1111_1111, 8: 0x0101_0101 } as const;

/** The tensors have the shapes above. */
export function gptqGroups(tensors: GptqTensors): StoredGroups {
  const { bits, qweight, scales, groupOf } = tensors;
  const [words = 0, rows = 0] = qweight.shape;
  const [groups = 0] = scales.shape;
  const shape: GroupShape = { bits, rows, columns: (words * 32) / bits, groups, groupOf };
  return { ...shape, scales, symmetric: false, open: () => openMatrix(shape, tensors) };
}

function openMatrix(shape: GroupShape, { version, qweight, qzeros, scales }: GptqTensors): GroupMatrix {
  const { bits, rows, columns } = shape;
  const perWord = 32 / bits;
  const mask = 2 ** bits - 1;
  const words = columns / perWord;
  const packed = wordsOf(qweight);
  const zeroWords = wordsOf(qzeros);
  const zeroColumns = rows / perWord;
  const subtracted = version === 1 ? ONES[bits] : 0;
  const scaleValues = floatsOf(scales);
  return {
    ...shape,
    scale: (row, group) => scaleValues[group * rows + row] ?? 0,
    zeroPoint(row, group) {
      const word = zeroWords[group * zeroColumns + Math.floor(row / perWord)] ?? 0;
      return ((word + subtracted) >>> (bits * (row % perWord))) & mask;
    },
    readValues(first, count, out) {
      for (let index = 0; index < words; index += 1) {
        for (let row = 0; row < count; row += 1) {
          const word = packed[index * rows + first + row] ?? 0;
          const at = row * columns + index * perWord;
          for (let i = 0; i < perWord; i += 1) out[at + i] = (word >>> (bits * i)) & mask;
        }
      }
    },
  };
}
