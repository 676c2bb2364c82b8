/**
 * Integers with a scale and a zero point for each group of columns: the one form that GPTQ, AWQ and
 * compressed-tensors weights are brought to, without loss. A row is its groups one after the other: a scale
 * (f16 or f32), a byte with the zero point, then the group's unsigned values: 8 bits in order; 4 bits in runs of 32
 * columns and 16 bytes, byte i with column i in its low half and i + 16 in its high one, as in Q4_0.
 * A weight is scale * (value - zero point), rounded to f32 once.
 * Groups of 32 whose zero point is 2^(bits - 1) are written without it, too, which are ggml's blocks to the bit.
 */

import { invariant } from "../../base/invariant.ts";
import { f16FromNumber, f16ToNumber } from "../quant/half-floats.ts";
import type { SafetensorsTensor } from "../safetensors/model.ts";

export interface GroupFormatInfo {
  readonly bits: 4 | 8;
  readonly groupColumns: number;
  readonly scaleBytes: 2 | 4;
  /** In native/pack/source_types.cc, beside ggml's types, whose numbers are far below. */
  readonly sourceType: number;
}

/** Named as the packed formats that they become. Few have f32 scales: groups of 32 hold any of them. */
export const GROUP_FORMATS = {
  int4_g32_zero: { bits: 4, groupColumns: 32, scaleBytes: 2, sourceType: 1000 },
  int4_g64_zero: { bits: 4, groupColumns: 64, scaleBytes: 2, sourceType: 1001 },
  int4_g128_zero: { bits: 4, groupColumns: 128, scaleBytes: 2, sourceType: 1002 },
  int8_g32_zero: { bits: 8, groupColumns: 32, scaleBytes: 2, sourceType: 1003 },
  int8_g128_zero: { bits: 8, groupColumns: 128, scaleBytes: 2, sourceType: 1004 },
  int4_g32_wide: { bits: 4, groupColumns: 32, scaleBytes: 4, sourceType: 1005 },
  int8_g32_wide: { bits: 8, groupColumns: 32, scaleBytes: 4, sourceType: 1006 },
} as const satisfies Record<string, GroupFormatInfo>;

export type GroupFormat = keyof typeof GROUP_FORMATS;

/** How the values of a group-quantised weight are stored. */
export interface GroupEncoding {
  readonly kind: "groups";
  readonly format: GroupFormat;
}

/** ggml's types that are such groups without a zero point of their own; Q8_0's values are signed. */
export const SYMMETRIC_BLOCKS = {
  Q4_0: { bits: 4, groupColumns: 32, scaleBytes: 2 },
  Q8_0: { bits: 8, groupColumns: 32, scaleBytes: 2 },
} as const satisfies Record<string, Omit<GroupFormatInfo, "sourceType">>;

export type SymmetricBlock = keyof typeof SYMMETRIC_BLOCKS;

/** One stored group: the scale, the zero point, the values. */
export interface GroupLayout extends Omit<GroupFormatInfo, "sourceType"> {
  readonly zeroPointBytes: 0 | 1;
  readonly bytes: number;
}

export function groupLayout(format: GroupFormat | SymmetricBlock): GroupLayout {
  const zeroPointBytes = format in SYMMETRIC_BLOCKS ? 0 : 1;
  const { bits, groupColumns, scaleBytes } = { ...GROUP_FORMATS, ...SYMMETRIC_BLOCKS }[format];
  return {
    bits,
    groupColumns,
    scaleBytes,
    zeroPointBytes,
    bytes: scaleBytes + zeroPointBytes + (groupColumns * bits) / 8,
  };
}

/** The sizes of a group-quantised weight, and where its groups lie. */
export interface GroupShape {
  readonly bits: 4 | 8;
  readonly rows: number;
  readonly columns: number;
  /** Of each column its group; null where groups are runs of `columns / groups` columns. */
  readonly groupOf: Int32Array | null;
  readonly groups: number;
}

/** A whole weight as its checkpoint means it, however the checkpoint packs it. */
export interface GroupMatrix extends GroupShape {
  scale(row: number, group: number): number;
  /** An integer, 0 to 255. */
  zeroPoint(row: number, group: number): number;
  /** Unsigned values of `count` rows from `first` on, row by row. */
  readValues(first: number, count: number, out: Uint8Array): void;
}

/** A weight that is still in its file: to plan with. */
export interface StoredGroups extends GroupShape {
  /** Of all groups, in any order. */
  readonly scales: SafetensorsTensor;
  /** It has no zero points: all are 2^(bits - 1). */
  readonly symmetric: boolean;
  /** Reads each of its tensors once; what was read lives as long as the matrix, so that is kept for one use. */
  open(): GroupMatrix;
}

/** Bytes of so many columns, a multiple of the group's. */
export function groupRowBytes(format: GroupFormat | SymmetricBlock, columns: number): number {
  const { groupColumns, bytes } = groupLayout(format);
  return (columns / groupColumns) * bytes;
}

/** Rows that are unpacked at a time: enough to read a word of a packed column once. */
const BATCH_ROWS = 32;

/**
 * The matrix in `format`, whose groups each lie in one of the matrix's; where the format has no zero points, those of the matrix
 * are 2^(bits - 1). `order` lists the matrix's columns in the order they are stored in; null keeps them.
 */
export function encodeGroups(
  matrix: GroupMatrix,
  format: GroupFormat | SymmetricBlock,
  order: Uint32Array | null,
): Uint8Array {
  const { rows, columns } = matrix;
  const layout = groupLayout(format);
  const { groupColumns } = layout;
  const out = new Uint8Array(rows * groupRowBytes(format, columns));
  const view = new DataView(out.buffer);
  const values = new Uint8Array(BATCH_ROWS * columns);
  const group = new Uint8Array(groupColumns);
  let at = 0;
  for (let first = 0; first < rows; first += BATCH_ROWS) {
    const count = Math.min(BATCH_ROWS, rows - first);
    matrix.readValues(first, count, values);
    for (let row = 0; row < count; row += 1) {
      for (let begin = 0; begin < columns; begin += groupColumns) {
        for (let i = 0; i < groupColumns; i += 1) {
          group[i] = values[row * columns + (order === null ? begin + i : (order[begin + i] ?? 0))] ?? 0;
        }
        const source = groupOfColumn(matrix, order === null ? begin : (order[begin] ?? 0));
        const scale = matrix.scale(first + row, source);
        writeGroup(view, at, layout, scale, matrix.zeroPoint(first + row, source), group);
        at += layout.bytes;
      }
    }
  }
  return out;
}

export function groupOfColumn({ groupOf, columns, groups }: GroupShape, column: number): number {
  return groupOf === null ? Math.floor((column * groups) / columns) : (groupOf[column] ?? 0);
}

function writeGroup(
  view: DataView,
  begin: number,
  { bits, scaleBytes, zeroPointBytes }: GroupLayout,
  scale: number,
  zeroPoint: number,
  values: Uint8Array,
): void {
  if (scaleBytes === 2) view.setUint16(begin, f16FromNumber(scale), true);
  else view.setFloat32(begin, scale, true);
  if (zeroPointBytes > 0) view.setUint8(begin + scaleBytes, zeroPoint);
  let at = begin + scaleBytes + zeroPointBytes;
  if (bits === 8) {
    // From unsigned to signed is the highest bit.
    const flip = zeroPointBytes === 0 ? 128 : 0;
    for (const value of values) view.setUint8(at++, value ^ flip);
    return;
  }
  for (let run = 0; run < values.length; run += 32) {
    for (let i = run; i < run + 16; i += 1) view.setUint8(at++, (values[i] ?? 0) | ((values[i + 16] ?? 0) << 4));
  }
}

/** All values in the order they are stored in. */
export function decodeGroups(bytes: Uint8Array, format: GroupFormat, rows: number, columns: number): Float32Array {
  const { bits, groupColumns, scaleBytes, zeroPointBytes, bytes: groupBytes } = groupLayout(format);
  invariant(bytes.length === rows * groupRowBytes(format, columns), "the bytes are those of the whole weight");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const out = new Float32Array(rows * columns);
  let begin = 0;
  for (let first = 0; first < out.length; first += groupColumns) {
    const scale = scaleBytes === 2 ? f16ToNumber(view.getUint16(begin, true)) : view.getFloat32(begin, true);
    const zeroPoint = view.getUint8(begin + scaleBytes);
    const at = begin + scaleBytes + zeroPointBytes;
    for (let i = 0; i < groupColumns; i += 1) {
      const pair = (i >> 5) * 16 + (i & 15);
      const value = bits === 8 ? bytes[at + i] : ((bytes[at + pair] ?? 0) >> ((i & 16) >> 2)) & 15;
      out[first + i] = scale * ((value ?? 0) - zeroPoint);
    }
    begin += groupBytes;
  }
  return out;
}
