/** F16: IEEE 754 binary16, little-endian. */

import type { BlockFormat } from "./block-format.ts";
import { f16FromNumber, f16ToF32Bits } from "./half-floats.ts";

export const f16: BlockFormat = {
  decode(bytes, out) {
    const bits = new Uint32Array(out.buffer, out.byteOffset, out.length);
    for (let index = 0; index < bits.length; index += 1) {
      bits[index] = f16ToF32Bits((bytes[2 * index] ?? 0) | ((bytes[2 * index + 1] ?? 0) << 8));
    }
  },
  encode(values, out) {
    for (let index = 0; index < values.length; index += 1) {
      const half = f16FromNumber(values[index] ?? 0);
      out[2 * index] = half;
      out[2 * index + 1] = half >> 8;
    }
  },
};
