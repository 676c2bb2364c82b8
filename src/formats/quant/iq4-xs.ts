/**
 * IQ4_XS: 136 bytes. An f16 d; eight 6-bit scales of sub-blocks of 32, each plus 32: two bytes with their
 * high 2 bits, four with their low 4, both from the low bits up; then for each sub-block nibbles as in
 * Q4_0. value = d * (scale - 32) * IQ4_NL's level of the nibble.
 */

import { GGML_TYPES } from "../gguf/ggml-types.ts";
import { IQ4_LEVELS } from "./iq4-nl.ts";
import { scaledSuperblock, type SubScales } from "./scaled-superblock.ts";

const HIGH = 2;
const LOW = 4;

const SIX_BIT_SCALES: SubScales = {
  least: -32,
  read(bytes, block, scales) {
    for (let i = 0; i < scales.length; i += 1) {
      const low = ((bytes[block + LOW + (i >> 1)] ?? 0) >> (4 * (i % 2))) & 15;
      const high = ((bytes[block + HIGH + (i >> 2)] ?? 0) >> (2 * (i % 4))) & 3;
      scales[i] = (low | (high << 4)) - 32;
    }
  },
  write(scales, out, block) {
    for (const [i, scale] of scales.entries()) {
      const stored = scale + 32;
      const low = block + LOW + (i >> 1);
      const high = block + HIGH + (i >> 2);
      out[low] = (out[low] ?? 0) | ((stored & 15) << (4 * (i % 2)));
      out[high] = (out[high] ?? 0) | ((stored >> 4) << (2 * (i % 4)));
    }
  },
};

export const iq4_xs = scaledSuperblock(GGML_TYPES.IQ4_XS, {
  scaleAt: 0,
  scales: SIX_BIT_SCALES,
  planes: [{ at: 8, bits: 4, stride: 16, shift: 0 }],
  levels: IQ4_LEVELS,
  subBlock: 32,
});
