/**
 * Quantised weights that compressed-tensors' "pack-quantized" form holds as they are: the same integers, scales and zero
 * points. What is written is read back as what it was.
 */

import { type PackedForm, packQuantized } from "../../formats/group-quant/compressed-tensors-encode.ts";
import {
  type GroupFormat,
  groupLayout,
  type GroupMatrix,
  SYMMETRIC_BLOCKS,
  type SymmetricBlock,
} from "../../formats/group-quant/group-blocks.ts";
import { readGroups } from "../../formats/group-quant/read-groups.ts";
import type { SafetensorsContents } from "../../formats/safetensors/write.ts";
import type { StoredWeight } from "../../formats/stored-weight.ts";

/** What config.json says of a packed weight. */
export interface PackScheme {
  readonly bits: 4 | 8;
  readonly groupColumns: number;
  readonly symmetric: boolean;
}

/** Null where there is no such form of a weight: it is of floats or superblocks, or its columns changed places. */
export function packScheme({ encoding, columnOrder }: Omit<StoredWeight, "parts">): PackScheme | null {
  const format = formatOf(encoding);
  if (format === null || columnOrder !== null) return null;
  const { bits, groupColumns, zeroPointBytes } = groupLayout(format);
  return { bits, groupColumns, symmetric: zeroPointBytes === 0 };
}

/** The tensors of `module`, which share one reading of the weight. It has a scheme. */
export type PackWeight = (module: string, weight: StoredWeight) => readonly SafetensorsContents[];

/** Keeps the last weight that was read, and no other. */
export function weightPacker(): PackWeight {
  let last: { readonly weight: StoredWeight; readonly matrix: GroupMatrix } | null = null;
  const matrixOf = (weight: StoredWeight, format: GroupFormat | SymmetricBlock): GroupMatrix => {
    if (last?.weight === weight) return last.matrix;
    last = null;
    const [rows = 0, columns = 0] = weight.shape;
    const [data] = weight.parts;
    const matrix = readGroups(data?.view() ?? new Uint8Array(), format, rows, columns);
    last = { weight, matrix };
    return matrix;
  };
  return (module, weight) => {
    const format = formatOf(weight.encoding);
    if (format === null) return [];
    const { bits, groupColumns, scaleBytes, zeroPointBytes } = groupLayout(format);
    const [rows = 0, columns = 0] = weight.shape;
    const form: PackedForm = {
      bits,
      rows,
      columns,
      groups: columns / groupColumns,
      symmetric: zeroPointBytes === 0,
      scaleDtype: scaleBytes === 2 ? "F16" : "F32",
    };
    return packQuantized(module, form, () => matrixOf(weight, format));
  };
}

function formatOf(encoding: StoredWeight["encoding"]): GroupFormat | SymmetricBlock | null {
  if (encoding.kind === "groups") return encoding.format;
  return isSymmetricBlock(encoding.type) ? encoding.type : null;
}

function isSymmetricBlock(type: string): type is SymmetricBlock {
  return type in SYMMETRIC_BLOCKS;
}
