/**
 * Tensor data to f32 and back, for the types that can run. Adding a type is a file beside this one, a
 * row here, and `runnable` in `gguf/ggml-types.ts`; a test compares the two tables.
 */

import { invariant } from "../../base/invariant.ts";
import { type GgmlType, ggmlBytes, ggmlTypeInfo } from "../gguf/ggml-types.ts";
import { bf16 } from "./bf16.ts";
import type { BlockFormat } from "./block-format.ts";
import { f16 } from "./f16.ts";
import { f32 } from "./f32.ts";
import { iq4_nl } from "./iq4-nl.ts";
import { iq4_xs } from "./iq4-xs.ts";
import { q2_k } from "./q2-k.ts";
import { q3_k } from "./q3-k.ts";
import { q4_0 } from "./q4-0.ts";
import { q4_1 } from "./q4-1.ts";
import { q4_k } from "./q4-k.ts";
import { q5_0 } from "./q5-0.ts";
import { q5_1 } from "./q5-1.ts";
import { q5_k } from "./q5-k.ts";
import { q6_k } from "./q6-k.ts";
import { q8_0 } from "./q8-0.ts";

export const BLOCK_FORMATS = {
  F32: f32,
  F16: f16,
  BF16: bf16,
  Q8_0: q8_0,
  Q4_0: q4_0,
  Q4_1: q4_1,
  Q5_0: q5_0,
  Q5_1: q5_1,
  Q2_K: q2_k,
  Q3_K: q3_k,
  Q4_K: q4_k,
  Q5_K: q5_k,
  Q6_K: q6_k,
  IQ4_NL: iq4_nl,
  IQ4_XS: iq4_xs,
} as const satisfies Partial<Record<GgmlType, BlockFormat>>;

/**
 * `elements` values of ggml type `typeId`, decoded exactly. `bytes` holds them and nothing else;
 * `elements` is a whole number of blocks; the type has passed `requireRunnableType`.
 */
export function decodeRows(typeId: number, bytes: Uint8Array, elements: number): Float32Array {
  const format = formatOf(typeId);
  checkSize(typeId, bytes.length, elements);
  const out = new Float32Array(elements);
  format.decode(bytes, out);
  return out;
}

/** `values`, a whole number of blocks, in ggml type `typeId`, which is runnable. */
export function encodeRows(typeId: number, values: Float32Array): Uint8Array {
  const format = formatOf(typeId);
  const size = ggmlBytes(ggmlTypeInfo(typeId).name, values.length);
  invariant(size !== null, `${values.length} values are a whole number of blocks`);
  const out = new Uint8Array(size);
  format.encode(values, out);
  return out;
}

function formatOf(typeId: number): BlockFormat {
  const { name } = ggmlTypeInfo(typeId);
  const formats: Partial<Record<GgmlType, BlockFormat>> = BLOCK_FORMATS;
  const format = formats[name];
  invariant(format !== undefined, `tensors of type ${name} are refused by requireRunnableType`);
  return format;
}

function checkSize(typeId: number, bytes: number, elements: number): void {
  const { name } = ggmlTypeInfo(typeId);
  const needed = ggmlBytes(name, elements);
  invariant(needed === bytes, `${elements} values of ${name} take ${needed} bytes, not ${bytes}`);
}
