/** Tensor data to f32 and back, for the types of `block-formats.ts`. */

import { invariant } from "../../base/invariant.ts";
import { ggmlBytes, ggmlTypeInfo } from "../gguf/ggml-types.ts";
import type { BlockFormat } from "./block-format.ts";
import { BLOCK_FORMATS } from "./block-formats.ts";
import { isDecodable } from "./decodable-types.ts";

/**
 * `elements` values of ggml type `typeId`, decoded exactly. `bytes` holds them and nothing else;
 * `elements` is a whole number of blocks; the type has passed `requireDecodableType`.
 */
export function decodeRows(typeId: number, bytes: Uint8Array, elements: number): Float32Array {
  const format = formatOf(typeId);
  checkSize(typeId, bytes.length, elements);
  const out = new Float32Array(elements);
  format.decode(bytes, out);
  return out;
}

/** `values`, a whole number of blocks, in ggml type `typeId`, which is decodable. */
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
  invariant(isDecodable(name), `tensors of type ${name} are refused by requireDecodableType`);
  return BLOCK_FORMATS[name];
}

function checkSize(typeId: number, bytes: number, elements: number): void {
  const { name } = ggmlTypeInfo(typeId);
  const needed = ggmlBytes(name, elements);
  invariant(needed === bytes, `${elements} values of ${name} take ${needed} bytes, not ${bytes}`);
}
