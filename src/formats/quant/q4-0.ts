/**
 * Q4_0: 18 bytes. An f16 scale, then 16 bytes of nibbles: byte i holds value i in its low and value
 * i + 16 in its high half. value = scale * (nibble - 8).
 */

import { GGML_TYPES } from "../gguf/ggml-types.ts";
import { evenLevels } from "./levels.ts";
import { scaledBlock } from "./scaled-block.ts";

export const q4_0 = scaledBlock(GGML_TYPES.Q4_0, {
  planes: [{ at: 2, bits: 4, stride: 16, shift: 0 }],
  levels: evenLevels(8),
});
