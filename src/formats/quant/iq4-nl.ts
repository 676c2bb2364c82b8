/** IQ4_NL: 18 bytes, as Q4_0 with uneven levels: value = scale * level of the nibble. */

import { GGML_TYPES } from "../gguf/ggml-types.ts";
import { unevenLevels } from "./levels.ts";
import { scaledBlock } from "./scaled-block.ts";

/** The format's constants: denser around zero, where weights are. */
export const IQ4_LEVELS = unevenLevels(
  Int8Array.of(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113),
);

export const iq4_nl = scaledBlock(GGML_TYPES.IQ4_NL, {
  planes: [{ at: 2, bits: 4, stride: 16, shift: 0 }],
  levels: IQ4_LEVELS,
});
