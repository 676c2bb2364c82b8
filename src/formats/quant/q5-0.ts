/**
 * Q5_0: 22 bytes. An f16 scale, 4 bytes whose bit i is the fifth bit of value i, then nibbles as in Q4_0.
 * value = scale * (quant - 16).
 */

import { GGML_TYPES } from "../gguf/ggml-types.ts";
import { evenLevels } from "./levels.ts";
import { scaledBlock } from "./scaled-block.ts";

export const q5_0 = scaledBlock(GGML_TYPES.Q5_0, {
  planes: [
    { at: 2, bits: 1, stride: 1, shift: 4 },
    { at: 6, bits: 4, stride: 16, shift: 0 },
  ],
  levels: evenLevels(16),
});
