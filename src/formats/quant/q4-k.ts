/**
 * Q4_K: 144 bytes. f16 d and dmin; 12 bytes of scales and minima for sub-blocks of 32; 128 bytes of
 * nibbles: of each 64 values, byte i holds value i in its low and value i + 32 in its high half.
 */

import { GGML_TYPES } from "../gguf/ggml-types.ts";
import { affineSuperblock } from "./affine-superblock.ts";
import { sixBitPairs } from "./six-bit-pairs.ts";

export const q4_k = affineSuperblock(GGML_TYPES.Q4_K, {
  scaleAt: 0,
  minimumAt: 2,
  scales: sixBitPairs(4),
  planes: [{ at: 16, bits: 4, stride: 32, shift: 0 }],
  largestQuant: 15,
  subBlock: 32,
});
