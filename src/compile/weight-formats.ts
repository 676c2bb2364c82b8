/**
 * GGML tensor types to packed formats, without loss. Total over what `formats/quant` decodes: a type that
 * gets a decoder does not compile until it has its row here.
 */

import { invariant } from "../base/invariant.ts";
import type { WeightFormat } from "../base/weight-formats.ts";
import { type DecodableType, isDecodable } from "../formats/quant/decodable-types.ts";
import type { StoredWeight } from "../formats/stored-weight.ts";
import type { ColumnOrder } from "../graph/types.ts";

const PACKED_AS: { readonly [Type in DecodableType]: WeightFormat } = {
  F32: "f32",
  F16: "f16",
  BF16: "bf16",
  Q8_0: "int8_g32",
  Q4_0: "int4_g32",
  Q4_1: "int4_g32_min",
  Q5_0: "int5_g32",
  Q5_1: "int5_g32_min",
  Q2_K: "int2_k16_min",
  Q3_K: "int3_k16",
  Q4_K: "int4_k32_min",
  Q5_K: "int5_k32_min",
  Q6_K: "int6_k16",
  IQ4_NL: "code4_g32",
  IQ4_XS: "code4_k32",
};

/** How a source stores a weight, as far as packing asks. */
export type StoredForm = Pick<StoredWeight, "encoding" | "columnOrder">;

/** The format that a stored weight is packed to. One whose columns must change places first is decoded, as f32. */
export function weightFormatOf({ encoding, columnOrder }: StoredForm, wanted: ColumnOrder): WeightFormat {
  if (columnOrder !== null && wanted === "own") return "f32";
  if (encoding.kind === "groups") return encoding.format;
  invariant(isDecodable(encoding.type), `tensors of type ${encoding.type} are refused before compiling`);
  return PACKED_AS[encoding.type];
}
