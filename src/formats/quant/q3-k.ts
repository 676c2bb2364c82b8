/**
 * Q3_K: 110 bytes. 32 bytes whose bit j of byte i is the third bit of value i + 32 * j; 64 bytes of the
 * low two bits as in Q2_K; 12 bytes of sixteen 6-bit scales, each plus 32; an f16 d.
 * value = d * (scale - 32) * (quant - 4).
 */

import { GGML_TYPES } from "../gguf/ggml-types.ts";
import { evenLevels } from "./levels.ts";
import { scaledSuperblock, type SubScales } from "./scaled-superblock.ts";

const SCALES = 96;

/**
 * Bytes 0..7 hold the low 4 bits of scales i and 8 + i; byte 8 + i the high 2 bits of scales i, 4 + i,
 * 8 + i and 12 + i, from its low bits up.
 */
const SIX_BIT_SCALES: SubScales = {
  least: -32,
  read(bytes, block, scales) {
    for (let i = 0; i < scales.length; i += 1) {
      const low = ((bytes[block + SCALES + (i % 8)] ?? 0) >> (i < 8 ? 0 : 4)) & 15;
      const high = ((bytes[block + SCALES + 8 + (i % 4)] ?? 0) >> (2 * Math.floor(i / 4))) & 3;
      scales[i] = (low | (high << 4)) - 32;
    }
  },
  write(scales, out, block) {
    for (const [i, scale] of scales.entries()) {
      const stored = scale + 32;
      const low = block + SCALES + (i % 8);
      const high = block + SCALES + 8 + (i % 4);
      out[low] = (out[low] ?? 0) | ((stored & 15) << (i < 8 ? 0 : 4));
      out[high] = (out[high] ?? 0) | ((stored >> 4) << (2 * Math.floor(i / 4)));
    }
  },
};

export const q3_k = scaledSuperblock(GGML_TYPES.Q3_K, {
  planes: [
    { at: 0, bits: 1, stride: 32, shift: 2 },
    { at: 32, bits: 2, stride: 32, shift: 0 },
  ],
  levels: evenLevels(4),
  subBlock: 16,
  scales: SIX_BIT_SCALES,
  scaleAt: 108,
});
