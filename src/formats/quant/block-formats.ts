/** How each type of `decodable-types.ts` is read and written: a file of this folder and a row here for each. */

import { bf16 } from "./bf16.ts";
import type { BlockFormat } from "./block-format.ts";
import type { DecodableType } from "./decodable-types.ts";
import { f16 } from "./f16.ts";
import { f32 } from "./f32.ts";
import { iq4_nl } from "./iq4-nl.ts";
import { iq4_xs } from "./iq4-xs.ts";
import { q2_k } from "./q2-k.ts";
import { q3_k } from "./q3-k.ts";
import { q4_0 } from "./q4-0.ts";
import { q4_1 } from "./q4-1.ts";
import { q4_k } from "./q4-k.ts";
import { q5_0 } from "./q5-0.ts";
import { q5_1 } from "./q5-1.ts";
import { q5_k } from "./q5-k.ts";
import { q6_k } from "./q6-k.ts";
import { q8_0 } from "./q8-0.ts";

export const BLOCK_FORMATS = {
  F32: f32,
  F16: f16,
  BF16: bf16,
  Q8_0: q8_0,
  Q4_0: q4_0,
  Q4_1: q4_1,
  Q5_0: q5_0,
  Q5_1: q5_1,
  Q2_K: q2_k,
  Q3_K: q3_k,
  Q4_K: q4_k,
  Q5_K: q5_k,
  Q6_K: q6_k,
  IQ4_NL: iq4_nl,
  IQ4_XS: iq4_xs,
} as const satisfies Record<DecodableType, BlockFormat>;
