/** Stored groups as the matrix that they are of, integer by integer; `decodeGroups` gives their values. */

import { invariant } from "../../base/invariant.ts";
import { f16ToNumber } from "../quant/half-floats.ts";
import { type GroupFormat, groupLayout, type GroupMatrix, groupRowBytes, type SymmetricBlock } from "./group-blocks.ts";

/** `bytes` are all rows as `encodeGroups` writes them; they are looked at as long as the matrix is. */
export function readGroups(
  bytes: Uint8Array,
  format: GroupFormat | SymmetricBlock,
  rows: number,
  columns: number,
): GroupMatrix {
  const { bits, groupColumns, scaleBytes, zeroPointBytes, bytes: groupBytes } = groupLayout(format);
  const rowBytes = groupRowBytes(format, columns);
  invariant(bytes.length === rows * rowBytes, "the bytes are those of the whole weight");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const groupAt = (row: number, group: number): number => row * rowBytes + group * groupBytes;
  const middle = 2 ** (bits - 1);
  const flip = zeroPointBytes === 0 ? 128 : 0;
  return {
    bits,
    rows,
    columns,
    groups: columns / groupColumns,
    groupOf: null,
    scale(row, group) {
      const at = groupAt(row, group);
      return scaleBytes === 2 ? f16ToNumber(view.getUint16(at, true)) : view.getFloat32(at, true);
    },
    zeroPoint(row, group) {
      if (zeroPointBytes === 0) return middle;
      return view.getUint8(groupAt(row, group) + scaleBytes);
    },
    readValues(first, count, out) {
      for (let index = 0; index < count * columns; index += 1) {
        const column = index % columns;
        const at = groupAt(first + (index - column) / columns, Math.floor(column / groupColumns));
        const inGroup = column % groupColumns;
        const values = at + scaleBytes + zeroPointBytes;
        const pair = (inGroup >> 5) * 16 + (inGroup & 15);
        out[index] =
          bits === 8
            ? (bytes[values + inGroup] ?? 0) ^ flip
            : ((bytes[values + pair] ?? 0) >> ((inGroup & 16) >> 2)) & 15;
      }
    },
  };
}
