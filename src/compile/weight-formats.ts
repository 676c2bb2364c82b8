/** GGML tensor types to packed formats, without loss. The row to add for a type that is to run packed. */

import type { WeightFormat } from "../base/dtypes.ts";
import { invariant } from "../base/invariant.ts";
import { GGML_TYPES, type GgmlType } from "../formats/gguf/ggml-types.ts";
import type { WeightEncoding } from "../formats/stored-weight.ts";

const WEIGHT_FORMATS: { readonly [Type in GgmlType]?: WeightFormat } = {
  F32: "f32",
  F16: "f16",
  BF16: "bf16",
  Q8_0: "q8",
  Q4_0: "q4",
};

/** Formats whose kernels multiply integers, and so read q8a activations. */
export const INTEGER_FORMATS: { readonly [Format in WeightFormat]: boolean } = {
  f32: false,
  f16: false,
  bf16: false,
  q8: true,
  q4: true,
};

/** The format that a runnable encoding is packed to; f32, decoded, where it has none of its own yet. */
export function weightFormatOf(encoding: WeightEncoding): WeightFormat {
  if (encoding.kind === "groups") return "f32";
  const { type } = encoding;
  invariant(GGML_TYPES[type].runnable, `tensors of type ${type} are refused before compiling`);
  return WEIGHT_FORMATS[type] ?? "f32";
}
