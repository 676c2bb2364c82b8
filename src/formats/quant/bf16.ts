/** BF16: the upper 16 bits of an f32, little-endian. */

import type { BlockFormat } from "./block-format.ts";
import { bf16FromNumber } from "./half-floats.ts";

export const bf16: BlockFormat = {
  decode(bytes, out) {
    const bits = new Uint32Array(out.buffer, out.byteOffset, out.length);
    for (let index = 0; index < bits.length; index += 1) {
      bits[index] = ((bytes[2 * index] ?? 0) << 16) | ((bytes[2 * index + 1] ?? 0) << 24);
    }
  },
  encode(values, out) {
    for (let index = 0; index < values.length; index += 1) {
      const half = bf16FromNumber(values[index] ?? 0);
      out[2 * index] = half;
      out[2 * index + 1] = half >> 8;
    }
  },
};
