/** Tokens a second, as the commands print them. */

import type { GenerationTimings } from "../engine/types.ts";

/** "(12 prompt tokens at 340/s, 200 tokens at 51.2/s)". */
export function describeSpeed(promptTokens: number, outputTokens: number, timings: GenerationTimings): string {
  const prompt = `${promptTokens} prompt tokens${ratePhrase(promptTokens, timings.prefillMs)}`;
  // The first output token comes out of the prefill.
  const output = `${outputTokens} tokens${ratePhrase(outputTokens - 1, timings.decodeMs)}`;
  return `(${prompt}, ${output})`;
}

function ratePhrase(tokens: number, ms: number): string {
  if (tokens <= 0 || ms <= 0) return "";
  const rate = (tokens * 1000) / ms;
  return ` at ${rate >= 100 ? Math.round(rate) : rate.toFixed(1)}/s`;
}
