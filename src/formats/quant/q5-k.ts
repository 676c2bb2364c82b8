/**
 * Q5_K: 176 bytes. As Q4_K, with 32 bytes before the nibbles whose bit j of byte i is the fifth bit of
 * value i + 32 * j.
 */

import { GGML_TYPES } from "../gguf/ggml-types.ts";
import { affineSuperblock } from "./affine-superblock.ts";
import { sixBitPairs } from "./six-bit-pairs.ts";

export const q5_k = affineSuperblock(GGML_TYPES.Q5_K, {
  scaleAt: 0,
  minimumAt: 2,
  scales: sixBitPairs(4),
  planes: [
    { at: 16, bits: 1, stride: 32, shift: 4 },
    { at: 48, bits: 4, stride: 32, shift: 0 },
  ],
  largestQuant: 31,
  subBlock: 32,
});
