/**
 * Q6_K: 210 bytes. 128 bytes of the low 4 bits: of each 128 values, byte i holds value i in its low and
 * value i + 64 in its high half; 64 bytes of the high 2 bits, laid out as Q2_K's quants; 16 int8 scales
 * of sub-blocks of 16; an f16 d. value = d * scale * (quant - 32).
 */

import { GGML_TYPES } from "../gguf/ggml-types.ts";
import { evenLevels } from "./levels.ts";
import { scaledSuperblock, type SubScales } from "./scaled-superblock.ts";

const SCALES = 192;

const INT8_SCALES: SubScales = {
  least: -128,
  read(bytes, block, scales) {
    scales.set(bytes.subarray(block + SCALES, block + SCALES + scales.length));
  },
  write(scales, out, block) {
    out.set(scales, block + SCALES);
  },
};

export const q6_k = scaledSuperblock(GGML_TYPES.Q6_K, {
  planes: [
    { at: 0, bits: 4, stride: 64, shift: 0 },
    { at: 128, bits: 2, stride: 32, shift: 4 },
  ],
  levels: evenLevels(32),
  subBlock: 16,
  scales: INT8_SCALES,
  scaleAt: 208,
});
