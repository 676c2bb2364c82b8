/** Integers packed into the 32-bit words of checkpoints, at any alignment of the file's bytes. */

import { f16FromNumber, f16ToNumber } from "../quant/half-floats.ts";
import type { SafetensorsTensor } from "../safetensors/model.ts";

/** The words of an I32 tensor; a view where the bytes are aligned. */
export function wordsOf(tensor: SafetensorsTensor): Int32Array {
  const bytes = tensor.view();
  return bytes.byteOffset % 4 === 0
    ? new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
    : new Int32Array(bytes.slice().buffer);
}

/** Values of an F16, BF16 or F32 tensor. */
export function floatsOf(tensor: SafetensorsTensor): Float32Array {
  const bytes = tensor.view();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const out = new Float32Array(tensor.elements);
  if (tensor.dtype === "F32") {
    for (let i = 0; i < out.length; i += 1) out[i] = view.getFloat32(4 * i, true);
  } else if (tensor.dtype === "F16") {
    for (let i = 0; i < out.length; i += 1) out[i] = f16ToNumber(view.getUint16(2 * i, true));
  } else {
    // The upper half of an f32.
    const bits = new Uint32Array(out.buffer);
    for (let i = 0; i < out.length; i += 1) bits[i] = view.getUint16(2 * i, true) << 16;
  }
  return out;
}

/** Whether f16 holds every value of an F16, BF16 or F32 tensor; F16 is not read for that. */
export function allFitF16(tensor: SafetensorsTensor): boolean {
  if (tensor.dtype === "F16") return true;
  const values = floatsOf(tensor);
  const bits = new Uint32Array(values.buffer);
  for (let i = 0; i < values.length; i += 1) {
    const magnitude = (bits[i] ?? 0) & 0x7fff_ffff;
    const value = values[i] ?? 0;
    // Of a size that f16 has with all its bits, as nearly all are, it needs the lowest 13 to be zero.
    const isNormal = magnitude >= 0x3880_0000 && magnitude < 0x4780_0000;
    if (isNormal ? (magnitude & 0x1fff) !== 0 : f16ToNumber(f16FromNumber(value)) !== value) return false;
  }
  return true;
}
