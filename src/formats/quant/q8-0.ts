/**
 * Q8_0: 32 values in 34 bytes, an f16 scale d and 32 int8 q; value = d * q. The product of 11 and 8
 * significant bits is exact in f32. Encoding: d = max|x| / 127 in f32; q = x / d by the unrounded
 * reciprocal, rounded to nearest, ties away from zero; then d is rounded to f16.
 */

import { GGML_TYPES } from "../gguf/ggml-types.ts";
import { blockwise } from "./block-format.ts";
import { extreme } from "./extreme.ts";
import { readF16, writeF16 } from "./half-floats.ts";

const ELEMENTS = 32;
const QUANTS = 2;

export const q8_0 = blockwise(GGML_TYPES.Q8_0, {
  decode(bytes, at, out, start) {
    const scale = readF16(bytes, at);
    for (let index = 0; index < ELEMENTS; index += 1) {
      out[start + index] = scale * (((bytes[at + QUANTS + index] ?? 0) << 24) >> 24);
    }
  },
  encode(values, start, out, at) {
    const scale = Math.fround(Math.abs(extreme(values, start, ELEMENTS)) / 127);
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
    writeF16(out, at, scale);
    for (let index = 0; index < ELEMENTS; index += 1) {
      const scaled = Math.fround((values[start + index] ?? 0) * inverse);
      out[at + QUANTS + index] = Math.sign(scaled) * Math.floor(Math.abs(scaled) + 0.5);
    }
  },
});
