/**
 * The tensor types of ggml, by their number in GGUF files: how many elements share a block, and how
 * many bytes a block takes. A type is `runnable` when `formats/quant` decodes it and the compiler maps
 * it onto a weight format; all others can be listed but not loaded. Source: ggml.h and
 * ggml-common.h of ggml; numbers that ggml has retired keep their row where files with them exist.
 */

import { checkedProduct } from "../../base/bytes.ts";
import { invariant } from "../../base/invariant.ts";

export interface GgmlTypeInfo {
  readonly id: number;
  readonly blockElements: number;
  readonly blockBytes: number;
}

function row(id: number, blockElements: number, blockBytes: number): GgmlTypeInfo {
  return { id, blockElements, blockBytes };
}

export const GGML_TYPES = {
  F32: row(0, 1, 4),
  F16: row(1, 1, 2),
  Q4_0: row(2, 32, 18),
  Q4_1: row(3, 32, 20),
  Q5_0: row(6, 32, 22),
  Q5_1: row(7, 32, 24),
  Q8_0: row(8, 32, 34),
  Q8_1: row(9, 32, 36),
  Q2_K: row(10, 256, 84),
  Q3_K: row(11, 256, 110),
  Q4_K: row(12, 256, 144),
  Q5_K: row(13, 256, 176),
  Q6_K: row(14, 256, 210),
  Q8_K: row(15, 256, 292),
  IQ2_XXS: row(16, 256, 66),
  IQ2_XS: row(17, 256, 74),
  IQ3_XXS: row(18, 256, 98),
  IQ1_S: row(19, 256, 50),
  IQ4_NL: row(20, 32, 18),
  IQ3_S: row(21, 256, 110),
  IQ2_S: row(22, 256, 82),
  IQ4_XS: row(23, 256, 136),
  I8: row(24, 1, 1),
  I16: row(25, 1, 2),
  I32: row(26, 1, 4),
  I64: row(27, 1, 8),
  F64: row(28, 1, 8),
  IQ1_M: row(29, 256, 56),
  BF16: row(30, 1, 2),
  Q4_0_4_4: row(31, 32, 18),
  Q4_0_4_8: row(32, 32, 18),
  Q4_0_8_8: row(33, 32, 18),
  TQ1_0: row(34, 256, 54),
  TQ2_0: row(35, 256, 66),
  IQ4_NL_4_4: row(36, 32, 18),
  IQ4_NL_4_8: row(37, 32, 18),
  IQ4_NL_8_8: row(38, 32, 18),
  MXFP4: row(39, 32, 17),
  NVFP4: row(40, 64, 36),
  Q1_0: row(41, 128, 18),
  Q2_0: row(42, 64, 18),
} as const satisfies Record<string, GgmlTypeInfo>;

/** How a file stores a tensor, by the name that ggml and file names use. */
export type GgmlType = keyof typeof GGML_TYPES;

const NAMES = Object.keys(GGML_TYPES) as readonly GgmlType[];
const BY_ID: ReadonlyMap<number, GgmlType> = new Map(NAMES.map((name) => [GGML_TYPES[name].id, name]));

/** The name of type number `id`, or undefined where ggml has none that this table knows. */
export function ggmlTypeName(id: number): GgmlType | undefined {
  return BY_ID.get(id);
}

/** The row of type number `id`, which must be known. */
export function ggmlTypeInfo(id: number): GgmlTypeInfo & { readonly name: GgmlType } {
  const name = BY_ID.get(id);
  invariant(name !== undefined, `ggml type ${id} is not in the table`);
  return { name, ...GGML_TYPES[name] };
}

/** Bytes of `elements` values of `type`, or null where that is no safe integer or no whole number of blocks. */
export function ggmlBytes(type: GgmlType, elements: number): number | null {
  const { blockElements, blockBytes } = GGML_TYPES[type];
  return elements % blockElements === 0 ? checkedProduct(elements / blockElements, blockBytes) : null;
}
