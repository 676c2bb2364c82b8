/**
 * Q4_0: 32 values in 18 bytes, an f16 scale d and 16 bytes of nibbles; byte i holds value i in its low
 * and value i + 16 in its high half; value = d * (nibble - 8), exact in f32. Encoding: d = m / -8 in
 * f32 for the first value m of largest magnitude, so that m itself becomes nibble 0; nibble =
 * x / d + 8 by the unrounded reciprocal, ties upwards, at most 15; then d is rounded to f16.
 */

import type { BlockFormat } from "./block-format.ts";
import { f16FromNumber, f16ToNumber } from "./half-floats.ts";

const BLOCK_ELEMENTS = 32;
const HALF = BLOCK_ELEMENTS / 2;
const BLOCK_BYTES = 18;

export const q4_0: BlockFormat = {
  decode(bytes, out) {
    let source = 0;
    for (let start = 0; start < out.length; start += BLOCK_ELEMENTS) {
      const scale = f16ToNumber((bytes[source] ?? 0) | ((bytes[source + 1] ?? 0) << 8));
      for (let index = 0; index < HALF; index += 1) {
        const pair = bytes[source + 2 + index] ?? 0;
        out[start + index] = scale * ((pair & 15) - 8);
        out[start + index + HALF] = scale * ((pair >> 4) - 8);
      }
      source += BLOCK_BYTES;
    }
  },
  encode(values, out) {
    let target = 0;
    for (let start = 0; start < values.length; start += BLOCK_ELEMENTS) {
      const scale = Math.fround(extreme(values, start) / -8);
      const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
      const half = f16FromNumber(scale);
      out[target] = half;
      out[target + 1] = half >> 8;
      for (let index = 0; index < HALF; index += 1) {
        const low = nibble(values[start + index] ?? 0, inverse);
        const high = nibble(values[start + index + HALF] ?? 0, inverse);
        out[target + 2 + index] = low | (high << 4);
      }
      target += BLOCK_BYTES;
    }
  },
};

/** The first value of largest magnitude in the block at `start`. */
function extreme(values: Float32Array, start: number): number {
  let value = 0;
  for (let index = start; index < start + BLOCK_ELEMENTS; index += 1) {
    const candidate = values[index] ?? 0;
    if (Math.abs(candidate) > Math.abs(value)) value = candidate;
  }
  return value;
}

function nibble(value: number, inverse: number): number {
  return Math.min(15, Math.trunc(Math.fround(Math.fround(value * inverse) + 8.5)));
}
