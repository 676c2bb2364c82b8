/**
 * Q8_0: 32 values in 34 bytes, an f16 scale d and 32 int8 q; value = d * q. The product of 11 and 8
 * significant bits is exact in f32. Encoding: d = max|x| / 127 in f32; q = x / d by the unrounded
 * reciprocal, rounded to nearest, ties away from zero; then d is rounded to f16.
 */

import type { BlockFormat } from "./block-format.ts";
import { f16FromNumber, f16ToNumber } from "./half-floats.ts";

const BLOCK_ELEMENTS = 32;
const BLOCK_BYTES = 34;

export const q8_0: BlockFormat = {
  decode(bytes, out) {
    let source = 0;
    for (let start = 0; start < out.length; start += BLOCK_ELEMENTS) {
      const scale = f16ToNumber((bytes[source] ?? 0) | ((bytes[source + 1] ?? 0) << 8));
      for (let index = 0; index < BLOCK_ELEMENTS; index += 1) {
        out[start + index] = scale * (((bytes[source + 2 + index] ?? 0) << 24) >> 24);
      }
      source += BLOCK_BYTES;
    }
  },
  encode(values, out) {
    let target = 0;
    for (let start = 0; start < values.length; start += BLOCK_ELEMENTS) {
      let largest = 0;
      for (let index = 0; index < BLOCK_ELEMENTS; index += 1) {
        largest = Math.max(largest, Math.abs(values[start + index] ?? 0));
      }
      const scale = Math.fround(largest / 127);
      const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
      const half = f16FromNumber(scale);
      out[target] = half;
      out[target + 1] = half >> 8;
      for (let index = 0; index < BLOCK_ELEMENTS; index += 1) {
        const scaled = Math.fround((values[start + index] ?? 0) * inverse);
        out[target + 2 + index] = Math.sign(scaled) * Math.floor(Math.abs(scaled) + 0.5);
      }
      target += BLOCK_BYTES;
    }
  },
};
