/**
 * Written by `npm run arm:model -- --write`: modelled rates of the Arm kernels' loops, and of llama.cpp's in the same
 * model, in its table's units.
 */

import type { ArmCore } from "./arm-chips.ts";

type Rates = Readonly<Record<string, Readonly<Record<ArmCore, number>>>>;

export const ARM_RATES = {
  "GEMM int4 group-128": { "neoverse-v1": 86.3, "neoverse-v2": 90.1 },
  "GEMM Q4_K": { "neoverse-v1": 68.8, "neoverse-v2": 81.9 },
  "GEMM Q5_K": { "neoverse-v1": 68.8, "neoverse-v2": 81.9 },
  "GEMM Q6_K": { "neoverse-v1": 59, "neoverse-v2": 77.5 },
  "GEMM Q2_K": { "neoverse-v1": 53.6, "neoverse-v2": 68.7 },
  "GEMM Q4_0": { "neoverse-v1": 72.6, "neoverse-v2": 72.6 },
  "GEMM Q8_0": { "neoverse-v1": 72.6, "neoverse-v2": 72.6 },
  "GEMM Q4_0, unpacked for 96 tokens": { "neoverse-v1": 69.2, "neoverse-v2": 68.7 },
  "GEMM Q8_0, unpacked for 96 tokens": { "neoverse-v1": 69.9, "neoverse-v2": 69.4 },
  "GEMM int4 group-128, unpacked for 96 tokens": { "neoverse-v1": 81.8, "neoverse-v2": 84.6 },
  "GEMM Q2_K, unpacked for 96 tokens": { "neoverse-v1": 50.7, "neoverse-v2": 62.7 },
  "GEMM Q4_K, unpacked for 96 tokens": { "neoverse-v1": 65.6, "neoverse-v2": 75.1 },
  "GEMM Q5_K, unpacked for 96 tokens": { "neoverse-v1": 64.5, "neoverse-v2": 74.4 },
  "GEMM Q6_K, unpacked for 96 tokens": { "neoverse-v1": 55.7, "neoverse-v2": 71.3 },
  "GEMM Q4_0, unpacked for 4 tokens": { "neoverse-v1": 31.2, "neoverse-v2": 29 },
  "GEMM Q4_0, unpacked for 8 tokens": { "neoverse-v1": 41.8, "neoverse-v2": 39.8 },
  "GEMM Q4_0, unpacked for 16 tokens": { "neoverse-v1": 54.5, "neoverse-v2": 52.8 },
  "GEMM Q8_0, packed, 4 tokens": { "neoverse-v1": 38, "neoverse-v2": 41 },
  "GEMM Q8_0, unpacked for 8 tokens": { "neoverse-v1": 45.3, "neoverse-v2": 42.9 },
  "GEMM Q8_0, unpacked for 16 tokens": { "neoverse-v1": 57.4, "neoverse-v2": 55.5 },
  "GEMM int4 group-128, unpacked for 4 tokens": { "neoverse-v1": 36.9, "neoverse-v2": 36 },
  "GEMM int4 group-128, unpacked for 8 tokens": { "neoverse-v1": 51.3, "neoverse-v2": 52.3 },
  "GEMM int4 group-128, unpacked for 16 tokens": { "neoverse-v1": 64.7, "neoverse-v2": 65.5 },
  "GEMM Q2_K, unpacked for 4 tokens": { "neoverse-v1": 22.5, "neoverse-v2": 21 },
  "GEMM Q2_K, unpacked for 8 tokens": { "neoverse-v1": 31.8, "neoverse-v2": 32.4 },
  "GEMM Q2_K, unpacked for 16 tokens": { "neoverse-v1": 39.9, "neoverse-v2": 43.8 },
  "GEMM Q4_K, unpacked for 4 tokens": { "neoverse-v1": 32, "neoverse-v2": 25.9 },
  "GEMM Q4_K, unpacked for 8 tokens": { "neoverse-v1": 43.8, "neoverse-v2": 39.6 },
  "GEMM Q4_K, unpacked for 16 tokens": { "neoverse-v1": 53.4, "neoverse-v2": 53.2 },
  "GEMM Q5_K, unpacked for 4 tokens": { "neoverse-v1": 26.5, "neoverse-v2": 24.1 },
  "GEMM Q5_K, unpacked for 8 tokens": { "neoverse-v1": 38.3, "neoverse-v2": 37.4 },
  "GEMM Q5_K, unpacked for 16 tokens": { "neoverse-v1": 49.2, "neoverse-v2": 51.2 },
  "GEMM Q6_K, unpacked for 4 tokens": { "neoverse-v1": 24.5, "neoverse-v2": 25.2 },
  "GEMM Q6_K, unpacked for 8 tokens": { "neoverse-v1": 34.6, "neoverse-v2": 38.1 },
  "GEMM Q6_K, unpacked for 16 tokens": { "neoverse-v1": 43.6, "neoverse-v2": 51 },
  "GEMV int4 group-128": { "neoverse-v1": 13.9, "neoverse-v2": 14.1 },
  "GEMV Q4_K": { "neoverse-v1": 13.1, "neoverse-v2": 13.3 },
  "GEMV Q5_K": { "neoverse-v1": 12.4, "neoverse-v2": 12.5 },
  "GEMV Q6_K": { "neoverse-v1": 13.6, "neoverse-v2": 13.4 },
  "GEMV Q2_K": { "neoverse-v1": 5.3, "neoverse-v2": 5.4 },
  "GEMV Q4_0": { "neoverse-v1": 13, "neoverse-v2": 13.6 },
  "GEMV Q8_0": { "neoverse-v1": 38.1, "neoverse-v2": 40.9 },
  "Attention, Q times K in int8": { "neoverse-v1": 63.6, "neoverse-v2": 63.6 },
  "Attention, probabilities of 15 bits times V": { "neoverse-v1": 48.9, "neoverse-v2": 48.9 },
} as const satisfies Rates;

/** scripts/arm-kernels.mjs says which loops those are. */
export const LLAMA_CPP_RATES = {
  "GEMM Q4_0": { "neoverse-v1": 50, "neoverse-v2": 50 },
  "GEMM Q8_0": { "neoverse-v1": 46, "neoverse-v2": 51 },
  "GEMV Q4_0": { "neoverse-v1": 9.2, "neoverse-v2": 9.9 },
} as const satisfies Rates;
