/** Q4_1: 20 bytes. f16 scale and minimum, then nibbles as in Q4_0. value = scale * nibble + minimum. */

import { GGML_TYPES } from "../gguf/ggml-types.ts";
import { affineBlock } from "./affine-block.ts";

export const q4_1 = affineBlock(GGML_TYPES.Q4_1, {
  planes: [{ at: 4, bits: 4, stride: 16, shift: 0 }],
  largestQuant: 15,
});
