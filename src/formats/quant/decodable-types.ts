/**
 * The tensor types that can be decoded, and so can run; `block-formats.ts` has the code of each, and
 * `compile/weight-formats.ts` says what each is packed to.
 */

import { fail } from "../../base/errors.ts";
import type { GgmlType } from "../gguf/ggml-types.ts";

export const DECODABLE_TYPES = [
  "F32",
  "F16",
  "BF16",
  "Q8_0",
  "Q4_0",
  "Q4_1",
  "Q5_0",
  "Q5_1",
  "Q2_K",
  "Q3_K",
  "Q4_K",
  "Q5_K",
  "Q6_K",
  "IQ4_NL",
  "IQ4_XS",
] as const satisfies readonly GgmlType[];
export type DecodableType = (typeof DECODABLE_TYPES)[number];

/** Said wherever a tensor's type stands in the way; names what works. */
export const DECODABLE_TYPES_HINT = `Use a file of ${DECODABLE_TYPES.slice(0, -1).join(", ")} or ${DECODABLE_TYPES.at(-1)}.`;

export function isDecodable(type: GgmlType): type is DecodableType {
  return (DECODABLE_TYPES as readonly GgmlType[]).includes(type);
}

/** Throws `tensor_type_unsupported` unless the tensor's type can be decoded. */
export function requireDecodableType(tensor: {
  readonly path: string;
  readonly name: string;
  readonly type: GgmlType;
}): void {
  if (isDecodable(tensor.type)) return;
  fail("tensor_type_unsupported", {
    path: tensor.path,
    tensor: tensor.name,
    type: tensor.type,
    hint: DECODABLE_TYPES_HINT,
  });
}
