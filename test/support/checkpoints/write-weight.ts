/**
 * Quantised weights as tensors of GPTQ, AWQ and compressed-tensors checkpoints, written from the formats'
 * descriptions and not from the code that reads them.
 */

import { bf16FromNumber, f16FromNumber } from "../../../src/formats/quant/half-floats.ts";
import type { SafetensorsContents } from "../../../src/formats/safetensors/write.ts";
import type { QuantizedGroups, ScaleType } from "./quantize-groups.ts";

type Integers = (row: number, column: number) => number;

/** Words [rows][columns / perWord] of a matrix of integers; nibble `order[i]` of a word has column i. */
function packColumns(rows: number, columns: number, bits: number, at: Integers, order?: readonly number[]): Uint8Array {
  const perWord = 32 / bits;
  const wordsPerRow = Math.ceil(columns / perWord);
  const words = new Uint32Array(rows * wordsPerRow);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const place = order?.[column % perWord] ?? column % perWord;
      const word = row * wordsPerRow + Math.floor(column / perWord);
      words[word] = ((words[word] ?? 0) | (at(row, column) << (bits * place))) >>> 0;
    }
  }
  return new Uint8Array(words.buffer);
}

/** As `packColumns`, but words run along the rows: [rows / perWord][columns]. */
function packRows(rows: number, columns: number, bits: number, at: Integers): Uint8Array {
  const perWord = 32 / bits;
  const words = new Uint32Array(Math.ceil(rows / perWord) * columns);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const word = Math.floor(row / perWord) * columns + column;
      words[word] = ((words[word] ?? 0) | (at(row, column) << (bits * (row % perWord)))) >>> 0;
    }
  }
  return new Uint8Array(words.buffer);
}

function scaleTensor(
  name: string,
  dtype: ScaleType,
  shape: readonly number[],
  values: Float32Array,
): SafetensorsContents {
  const toBits = { F16: f16FromNumber, BF16: bf16FromNumber };
  const data = dtype === "F32" ? values : Uint16Array.from(values, toBits[dtype]);
  return { name, dtype, shape, data: new Uint8Array(data.buffer) };
}

function transposed(q: QuantizedGroups): Float32Array {
  const { rows, groups, scales } = q;
  return Float32Array.from(
    { length: rows * groups },
    (_, i) => scales[(i % rows) * groups + Math.floor(i / rows)] ?? 0,
  );
}

/** Version 1 has one less in each zero point, taken from whole words: below 0 borrows from the next. */
function minusOnes(words: Uint8Array, bits: 4 | 8): Uint8Array {
  const ones = bits === 4 ? 0x1111_1111 : 0x0101_0101;
  return new Uint8Array(new Uint32Array(words.buffer).map((word) => word - ones).buffer);
}

export function gptqTensors(
  module: string,
  q: QuantizedGroups,
  version: 1 | 2,
  withIndex: boolean,
): SafetensorsContents[] {
  const { bits, rows, columns, groups } = q;
  const perWord = 32 / bits;
  const zeros = packColumns(groups, rows, bits, (group, row) => q.zeroPoints[row * groups + group] ?? 0);
  const tensors: SafetensorsContents[] = [
    {
      name: `${module}.qweight`,
      dtype: "I32",
      shape: [columns / perWord, rows],
      data: packRows(columns, rows, bits, (column, row) => q.values[row * columns + column] ?? 0),
    },
    {
      name: `${module}.qzeros`,
      dtype: "I32",
      shape: [groups, rows / perWord],
      data: version === 1 ? minusOnes(zeros, bits) : zeros,
    },
    scaleTensor(`${module}.scales`, q.scaleType, [groups, rows], transposed(q)),
  ];
  const index = new Uint8Array(Int32Array.from(q.groupOf).buffer);
  if (withIndex) tensors.push({ name: `${module}.g_idx`, dtype: "I32", shape: [columns], data: index });
  return tensors;
}

/** Row i of 8 is in nibble AWQ_ORDER[i]. */
const AWQ_ORDER = [0, 4, 1, 5, 2, 6, 3, 7];

export function awqTensors(module: string, q: QuantizedGroups): SafetensorsContents[] {
  const { rows, columns, groups } = q;
  const value: Integers = (column, row) => q.values[row * columns + column] ?? 0;
  const zero: Integers = (group, row) => q.zeroPoints[row * groups + group] ?? 0;
  return [
    {
      name: `${module}.qweight`,
      dtype: "I32",
      shape: [columns, rows / 8],
      data: packColumns(columns, rows, 4, value, AWQ_ORDER),
    },
    {
      name: `${module}.qzeros`,
      dtype: "I32",
      shape: [groups, rows / 8],
      data: packColumns(groups, rows, 4, zero, AWQ_ORDER),
    },
    scaleTensor(`${module}.scales`, q.scaleType, [groups, rows], transposed(q)),
  ];
}

export function packQuantizedTensors(module: string, q: QuantizedGroups, symmetric: boolean): SafetensorsContents[] {
  const { bits, rows, columns, groups } = q;
  const value: Integers = (row, column) => q.values[row * columns + column] ?? 0;
  const zero: Integers = (row, group) => q.zeroPoints[row * groups + group] ?? 0;
  const words = Math.ceil((columns * bits) / 32);
  const shape = new Uint8Array(BigInt64Array.of(BigInt(rows), BigInt(columns)).buffer);
  const tensors: SafetensorsContents[] = [
    {
      name: `${module}.weight_packed`,
      dtype: "I32",
      shape: [rows, words],
      data: packColumns(rows, columns, bits, value),
    },
    { name: `${module}.weight_shape`, dtype: "I64", shape: [2], data: shape },
    scaleTensor(`${module}.weight_scale`, q.scaleType, [rows, groups], q.scales),
  ];
  if (!symmetric) {
    const data = packRows(rows, groups, bits, zero);
    const zeroRows = Math.ceil((rows * bits) / 32);
    tensors.push({ name: `${module}.weight_zero_point`, dtype: "I32", shape: [zeroRows, groups], data });
  }
  if (hasOrder(q)) {
    const data = new Uint8Array(Int32Array.from(q.groupOf).buffer);
    tensors.push({ name: `${module}.weight_g_idx`, dtype: "I32", shape: [columns], data });
  }
  return tensors;
}

function hasOrder({ groupOf }: QuantizedGroups): boolean {
  return groupOf.some((group, column) => group < (groupOf[column - 1] ?? 0));
}

/** Plain int8. `oneScale`: that of the first row's first group is all others', too. */
export function int8Tensors(
  module: string,
  q: QuantizedGroups,
  symmetric: boolean,
  oneScale: boolean,
): SafetensorsContents[] {
  const { rows, columns, groups } = q;
  const shape = oneScale ? [1] : [rows, groups];
  const scales = oneScale ? q.scales.slice(0, 1) : q.scales;
  const zeroPoints = Int8Array.from(oneScale ? q.zeroPoints.slice(0, 1) : q.zeroPoints, (zero) => zero - 128);
  const tensors: SafetensorsContents[] = [
    {
      name: `${module}.weight`,
      dtype: "I8",
      shape: [rows, columns],
      data: Uint8Array.from(q.values, (value) => value - 128),
    },
    scaleTensor(`${module}.weight_scale`, q.scaleType, shape, scales),
  ];
  if (!symmetric) {
    tensors.push({ name: `${module}.weight_zero_point`, dtype: "I8", shape, data: new Uint8Array(zeroPoints.buffer) });
  }
  return tensors;
}
