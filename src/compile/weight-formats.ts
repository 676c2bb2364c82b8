/**
 * GGML tensor types to packed formats, without loss. Total over what `formats/quant` decodes: a type that
 * gets a decoder does not compile until it has its row here.
 */

import { invariant } from "../base/invariant.ts";
import type { WeightFormat } from "../base/weight-formats.ts";
import { type DecodableType, isDecodable } from "../formats/quant/block-formats.ts";
import type { WeightEncoding } from "../formats/stored-weight.ts";

const PACKED_AS: { readonly [Type in DecodableType]: WeightFormat } = {
  F32: "f32",
  F16: "f16",
  BF16: "bf16",
  Q8_0: "int8_g32",
  Q4_0: "int4_g32",
  // No packed format of their own yet: decoded as they are packed.
  Q4_1: "f32",
  Q5_0: "f32",
  Q5_1: "f32",
  Q2_K: "f32",
  Q3_K: "f32",
  Q4_K: "f32",
  Q5_K: "f32",
  Q6_K: "f32",
  IQ4_NL: "f32",
  IQ4_XS: "f32",
};

/** The format that an encoding is packed to; groups of GPTQ, AWQ and the like are decoded as they are packed. */
export function weightFormatOf(encoding: WeightEncoding): WeightFormat {
  if (encoding.kind === "groups") return "f32";
  const { type } = encoding;
  invariant(isDecodable(type), `tensors of type ${type} are refused before compiling`);
  return PACKED_AS[type];
}
