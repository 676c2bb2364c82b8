/**
 * Integers with a scale and a zero point for each group of columns: the one form that GPTQ, AWQ and
 * compressed-tensors weights are brought to, without loss. A row is its groups one after the other:
 *   a scale (f16: 2 bytes; f32: 4), the zero point (u16), with f32 scales 2 bytes of padding, then the
 *   group's unsigned values: 8 bits in order; 4 bits in runs of 32 columns and 16 bytes, byte i with column
 *   i in its low half and i + 16 in its high one, as in Q4_0.
 * A weight is scale * (value - zero point), rounded to f32 once.
 */

import { invariant } from "../../base/invariant.ts";
import { f16FromNumber, f16ToNumber } from "../quant/half-floats.ts";

export const GROUP_COLUMNS = [32, 64, 128] as const;

/** How the values of a group-quantised weight are stored. */
export interface GroupEncoding {
  readonly kind: "groups";
  readonly bits: 4 | 8;
  readonly groupColumns: (typeof GROUP_COLUMNS)[number];
  readonly scale: "f16" | "f32";
}

/** A whole weight as its checkpoint means it, however the checkpoint packs it. */
export interface GroupMatrix {
  readonly bits: 4 | 8;
  readonly rows: number;
  readonly columns: number;
  /** Of each column its group; null where groups are runs of `columns / groups` columns. */
  readonly groupOf: Int32Array | null;
  readonly groups: number;
  scale(row: number, group: number): number;
  zeroPoint(row: number, group: number): number;
  /** Unsigned values of `count` rows from `first` on, row by row. */
  readValues(first: number, count: number, out: Uint8Array): void;
}

export function groupHeaderBytes(scale: GroupEncoding["scale"]): number {
  return scale === "f16" ? 4 : 8;
}

/** Bytes of a row of `columns`, a multiple of the group's. */
export function groupRowBytes({ bits, groupColumns, scale }: GroupEncoding, columns: number): number {
  return (columns / groupColumns) * (groupHeaderBytes(scale) + (groupColumns * bits) / 8);
}

/** Rows that are unpacked at a time: enough to read a word of a packed column once. */
const BATCH_ROWS = 32;

/**
 * The matrix in `encoding`, whose groups each lie in one of the matrix's. `order` lists the matrix's
 * columns in the order they are stored in; null keeps them.
 */
export function encodeGroups(matrix: GroupMatrix, encoding: GroupEncoding, order: Uint32Array | null): Uint8Array {
  const { rows, columns } = matrix;
  const { groupColumns } = encoding;
  const out = new Uint8Array(rows * groupRowBytes(encoding, columns));
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
        at = writeGroup(
          view,
          at,
          encoding,
          matrix.scale(first + row, source),
          matrix.zeroPoint(first + row, source),
          group,
        );
      }
    }
  }
  return out;
}

export function groupOfColumn({ groupOf, columns, groups }: GroupMatrix, column: number): number {
  return groupOf === null ? Math.floor((column * groups) / columns) : (groupOf[column] ?? 0);
}

/** Returns where the next group begins. */
function writeGroup(
  view: DataView,
  begin: number,
  { bits, scale: scaleType }: GroupEncoding,
  scale: number,
  zeroPoint: number,
  values: Uint8Array,
): number {
  if (scaleType === "f16") view.setUint16(begin, f16FromNumber(scale), true);
  else view.setFloat32(begin, scale, true);
  view.setUint16(begin + (scaleType === "f16" ? 2 : 4), zeroPoint, true);
  let at = begin + groupHeaderBytes(scaleType);
  if (bits === 8) {
    for (const value of values) view.setUint8(at++, value);
    return at;
  }
  for (let run = 0; run < values.length; run += 32) {
    for (let i = run; i < run + 16; i += 1) view.setUint8(at++, (values[i] ?? 0) | ((values[i + 16] ?? 0) << 4));
  }
  return at;
}

/** All values in the order they are stored in. */
export function decodeGroups(bytes: Uint8Array, encoding: GroupEncoding, rows: number, columns: number): Float32Array {
  const { bits, groupColumns, scale: scaleType } = encoding;
  invariant(bytes.length === rows * groupRowBytes(encoding, columns), "the bytes are those of the whole weight");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const out = new Float32Array(rows * columns);
  let at = 0;
  for (let begin = 0; begin < out.length; begin += groupColumns) {
    const scale = scaleType === "f16" ? f16ToNumber(view.getUint16(at, true)) : view.getFloat32(at, true);
    const zeroPoint = view.getUint16(at + (scaleType === "f16" ? 2 : 4), true);
    at += groupHeaderBytes(scaleType);
    for (let i = 0; i < groupColumns; i += 1) {
      const pair = (i >> 5) * 16 + (i & 15);
      const value = bits === 8 ? bytes[at + i] : ((bytes[at + pair] ?? 0) >> ((i & 16) >> 2)) & 15;
      out[begin + i] = scale * ((value ?? 0) - zeroPoint);
    }
    at += (groupColumns * bits) / 8;
  }
  return out;
}

/** Whether f16 holds `value` exactly. */
export function fitsF16(value: number): boolean {
  return f16ToNumber(f16FromNumber(value)) === value;
}
