/**
 * GPTQ's layout. Words hold `32 / bits` values, lowest bits first: of consecutive columns in `qweight`
 * [columns * bits / 32, rows], of consecutive rows in `qzeros` [groups, rows * bits / 32]; `scales` is
 * [groups, rows]; `g_idx`, where there is one, gives each column's group. Version 1 of the format stores
 * zero points minus one. Source: AutoGPTQ and GPTQModel, "checkpoint_format" gptq and gptq_v2.
 */

import type { SafetensorsTensor } from "../safetensors/model.ts";
import type { GroupMatrix } from "./group-blocks.ts";
import { floatsOf, wordsOf } from "./packed-words.ts";

export interface GptqTensors {
  readonly bits: 4 | 8;
  readonly version: 1 | 2;
  readonly qweight: SafetensorsTensor;
  readonly qzeros: SafetensorsTensor;
  readonly scales: SafetensorsTensor;
  readonly gIdx: SafetensorsTensor | null;
}

/** The tensors have the shapes above. */
export function gptqMatrix({ bits, version, qweight, qzeros, scales, gIdx }: GptqTensors): GroupMatrix {
  const perWord = 32 / bits;
  const mask = 2 ** bits - 1;
  const [words = 0, rows = 0] = qweight.shape;
  const [groups = 0] = scales.shape;
  const scaleValues = floatsOf(scales);
  const zeroWords = wordsOf(qzeros);
  const zeroColumns = rows / perWord;
  const columns = words * perWord;
  return {
    bits,
    rows,
    columns,
    groups,
    groupOf: gIdx === null ? null : wordsOf(gIdx),
    scale: (row, group) => scaleValues[group * rows + row] ?? 0,
    zeroPoint(row, group) {
      const word = zeroWords[group * zeroColumns + Math.floor(row / perWord)] ?? 0;
      const stored = (word >>> (bits * (row % perWord))) & mask;
      return version === 1 ? stored + 1 : stored;
    },
    readValues(first, count, out) {
      const packed = wordsOf(qweight);
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
