/** Q5_1: 24 bytes. f16 scale and minimum, then quants as in Q5_0. value = scale * quant + minimum. */

import { GGML_TYPES } from "../gguf/ggml-types.ts";
import { affineBlock } from "./affine-block.ts";

export const q5_1 = affineBlock(GGML_TYPES.Q5_1, {
  planes: [
    { at: 4, bits: 1, stride: 1, shift: 4 },
    { at: 8, bits: 4, stride: 16, shift: 0 },
  ],
  largestQuant: 31,
});
