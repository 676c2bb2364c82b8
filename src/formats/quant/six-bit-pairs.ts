/**
 * The integer scales and minima of Q4_K and Q5_K: eight of each, of 6 bits, in 12 bytes. Those of the
 * first four sub-blocks are the low 6 bits of bytes 0..3 (scales) and 4..7 (minima). Of the other four,
 * byte 8 + i has the low 4 bits of both, the scale's first, and the two bits that are left of bytes i and
 * 4 + i have their high 2.
 */

import type { SubScalesAndMinima } from "./affine-superblock.ts";

export function sixBitPairs(at: number): SubScalesAndMinima {
  return {
    largest: 63,
    read(bytes, block, scales, minima) {
      const byte = (index: number): number => bytes[block + at + index] ?? 0;
      for (let i = 0; i < 4; i += 1) {
        scales[i] = byte(i) & 63;
        minima[i] = byte(4 + i) & 63;
        scales[4 + i] = (byte(8 + i) & 15) | ((byte(i) >> 6) << 4);
        minima[4 + i] = (byte(8 + i) >> 4) | ((byte(4 + i) >> 6) << 4);
      }
    },
    write(scales, minima, out, block) {
      for (let i = 0; i < 4; i += 1) {
        const scale = scales[4 + i] ?? 0;
        const minimum = minima[4 + i] ?? 0;
        out[block + at + i] = (scales[i] ?? 0) | ((scale >> 4) << 6);
        out[block + at + 4 + i] = (minima[i] ?? 0) | ((minimum >> 4) << 6);
        out[block + at + 8 + i] = (scale & 15) | ((minimum & 15) << 4);
      }
    },
  };
}
