/**
 * Q2_K: 84 bytes. 16 bytes with the scale (low nibble) and minimum (high nibble) of each sub-block of 16;
 * 64 bytes of 2-bit quants: of each 128 values, byte i holds values i, i + 32, i + 64 and i + 96 from its
 * low bits up; f16 d and dmin.
 */

import { GGML_TYPES } from "../gguf/ggml-types.ts";
import { affineSuperblock, type SubScalesAndMinima } from "./affine-superblock.ts";

const NIBBLE_PAIRS: SubScalesAndMinima = {
  largest: 15,
  read(bytes, block, scales, minima) {
    for (let i = 0; i < scales.length; i += 1) {
      const pair = bytes[block + i] ?? 0;
      scales[i] = pair & 15;
      minima[i] = pair >> 4;
    }
  },
  write(scales, minima, out, block) {
    for (const [i, scale] of scales.entries()) out[block + i] = scale | ((minima[i] ?? 0) << 4);
  },
};

export const q2_k = affineSuperblock(GGML_TYPES.Q2_K, {
  planes: [{ at: 16, bits: 2, stride: 32, shift: 0 }],
  largestQuant: 3,
  subBlock: 16,
  scales: NIBBLE_PAIRS,
  scaleAt: 80,
  minimumAt: 82,
});
