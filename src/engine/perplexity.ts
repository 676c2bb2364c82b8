/**
 * How well a model predicts a text, by llama-perplexity's method, so that figures compare: the text is
 * tokenised once with BOS and cut into consecutive chunks of the context; the first token of each chunk
 * is replaced by BOS; only the second half of each chunk is scored, where there is context to go by.
 * Source: llama.cpp, tools/perplexity.
 */

import { fail } from "../base/errors.ts";
import type { EngineApi } from "./types.ts";

export interface PerplexityOptions {
  /** Tokens of a chunk; by default the engine's context. */
  readonly contextTokens?: number;
  /** Chunks to score; null: all that the text fills. */
  readonly chunks?: number | null;
  readonly signal?: AbortSignal;
  /** After each chunk. */
  readonly onProgress?: (doneChunks: number, totalChunks: number) => void;
}

export interface PerplexityResult {
  readonly perplexity: number;
  /** Tokens scored. */
  readonly tokens: number;
  readonly chunks: number;
}

/** Below this, half a chunk scores nothing. */
const MIN_CONTEXT_TOKENS = 4;
/** Chunks given to the engine at once: enough to fill its steps. */
const CHUNKS_IN_FLIGHT = 8;

/** Throws `invalid_option`, and `request_invalid` where the text is shorter than one chunk. */
export async function measurePerplexity(
  engine: EngineApi,
  text: string,
  options: PerplexityOptions = {},
): Promise<PerplexityResult> {
  const contextTokens = options.contextTokens ?? engine.capacity.contextTokens;
  requireInteger("contextTokens", contextTokens, MIN_CONTEXT_TOKENS);
  if (typeof options.chunks === "number") requireInteger("chunks", options.chunks, 1);
  const tokens = await engine.tokenize(text, { addSpecial: true });
  const available = Math.floor(tokens.length / contextTokens);
  if (available === 0) {
    fail("request_invalid", {
      field: "text",
      problem: `has ${tokens.length} tokens, fewer than one chunk of ${contextTokens}`,
    });
  }
  const total = Math.min(available, options.chunks ?? available);
  // The model's own rule: it adds BOS to every text, or to none.
  const { bosToken } = engine.model;
  const chunkBos = bosToken !== null && tokens[0] === bosToken ? bosToken : null;
  const from = Math.floor(contextTokens / 2) + 1;
  const inFlight = Math.min(CHUNKS_IN_FLIGHT, engine.capacity.maxSequences);
  const chunkSums = new Float64Array(total);
  let next = 0;
  let done = 0;
  const scoreChunks = async (): Promise<void> => {
    while (next < total) {
      if (options.signal?.aborted === true) fail("cancelled");
      const index = next;
      next += 1;
      const chunk = tokens.slice(index * contextTokens, (index + 1) * contextTokens);
      if (chunkBos !== null) chunk[0] = chunkBos;
      const { logprobs } = await engine.score(chunk, from);
      chunkSums[index] = logprobs.reduce((sum, logprob) => sum + logprob, 0);
      done += 1;
      options.onProgress?.(done, total);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(inFlight, total) }, scoreChunks));
  } finally {
    // After a failure the others stop at their next chunk.
    next = total;
  }
  // In order of the text, so that the sum does not depend on which chunk was done first.
  const negativeLogLikelihood = -chunkSums.reduce((sum, chunk) => sum + chunk, 0);
  const scored = total * (contextTokens - from);
  return { perplexity: Math.exp(negativeLogLikelihood / scored), tokens: scored, chunks: total };
}

function requireInteger(option: string, value: number, min: number): void {
  if (Number.isSafeInteger(value) && value >= min) return;
  fail("invalid_option", { option, problem: `must be an integer of at least ${min}, not ${value}` });
}
