/**
 * What storing K and V does to them: the f32 values that reading gives back.
 *   f16:  each value to IEEE half precision, ties to even.
 *   int8: each head's row by scale = max|x| / 127, ties to even.
 */

import type { KvType } from "../../base/dtypes.ts";
import { unreachable } from "../../base/invariant.ts";
import { quantizeRun, roundHalfEven } from "../row-matrix.ts";

/** Stores `source` (whole heads) into `target` from `offset` on. */
export function storeRounded(
  kvType: KvType,
  headDim: number,
  source: Float32Array,
  target: Float32Array,
  offset: number,
): void {
  switch (kvType) {
    case "f32":
      target.set(source, offset);
      return;
    case "f16":
      for (const [i, value] of source.entries()) target[offset + i] = roundToHalf(value);
      return;
    case "int8":
      storeInt8(headDim, source, target, offset);
      return;
    default:
      unreachable(kvType);
  }
}

function storeInt8(headDim: number, source: Float32Array, target: Float32Array, offset: number): void {
  const quantized = new Int8Array(source.length);
  for (let head = 0; head < source.length; head += headDim) {
    const scale = quantizeRun(source, head, headDim, quantized);
    for (let i = head; i < head + headDim; i += 1) target[offset + i] = (quantized[i] ?? 0) * scale;
  }
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Half precision has 11 significant bits, exponents from -14 (below that, steps of 2^-24), 65504 at most. */
const HALF_MIN_EXPONENT = -14;
const HALF_MAX = 65504;

/** The nearest half-precision number to an f32, ties to even; infinite from 65520 on. */
export function roundToHalf(value: number): number {
  if (!Number.isFinite(value)) return value;
  float[0] = value;
  const exponent = (((bits[0] ?? 0) >>> 23) & 0xff) - 127;
  const step = 2 ** (Math.max(exponent, HALF_MIN_EXPONENT) - 10);
  const rounded = roundHalfEven(value / step) * step;
  return Math.abs(rounded) > HALF_MAX ? Math.sign(value) * Infinity : rounded;
}
