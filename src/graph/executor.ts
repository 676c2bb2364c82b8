/**
 * What runs a model: the contract between the engine and whatever computes. Two implementations:
 * `native/` (the compiled program) and `graph/interpreter/` (the ops' references, no native build).
 *
 * All calls are synchronous, made from one thread, and neither keeps a reference to its arguments
 * after it returns. A call that throws leaves pages that the step did not name untouched.
 */

import type { KvType } from "../base/dtypes.ts";
import type { SamplerSettingRows } from "./sampler-settings.ts";

/**
 * One step of the whole model for a mixed batch. Rows of a sequence are contiguous and their
 * positions consecutive. The step writes K and V of every row to the sequence's pages before it
 * attends, so row r of a sequence sees positions 0..positions[r].
 */
export interface StepBatch {
  /** [T] token ids. */
  readonly tokens: Int32Array;
  /** [T] position of each token in its sequence. */
  readonly positions: Int32Array;
  /** [S + 1] first row of each sequence; the last entry is T. */
  readonly sequenceStarts: Int32Array;
  /** Page indices of all sequences, one after the other, in order of position. */
  readonly pageTables: Int32Array;
  /** [S + 1] where each sequence's pages begin in `pageTables`. */
  readonly pageTableStarts: Int32Array;
  /** [L] rows whose logits are wanted, ascending; logits row i belongs to token row logitRows[i]. */
  readonly logitRows: Int32Array;
}

/**
 * How to choose a token from each of the L logits rows of the last step, with a value of each setting
 * a row. Order of operations: ban what the row's mask lacks; add bias; penalties; temperature 0 takes the largest (lowest id on a tie); else divide by temperature,
 * softmax, top-k, top-p, min-p, then draw with a number that depends on (seed, position) only.
 * Log-probabilities are of the raw logits, before all of this.
 */
export interface SampleBatch extends SamplerSettingRows {
  /** [L] low and high halves of the request's seed. */
  readonly seedLow: Uint32Array;
  readonly seedHigh: Uint32Array;
  /** [L] position that the sampled token will have. */
  readonly positions: Int32Array;
  /** [L + 1] where each row's tokens begin in `historyTokens`; empty where no penalty is on. */
  readonly historyStarts: Int32Array;
  /** Distinct token ids seen in the sequence. */
  readonly historyTokens: Int32Array;
  /** Occurrences in the output; 0 for a token of the prompt alone. */
  readonly historyCounts: Int32Array;
  /** [L + 1] where each row's entries begin in `biasTokens`. */
  readonly biasStarts: Int32Array;
  readonly biasTokens: Int32Array;
  /** Added to the logits; -Infinity bans a token. */
  readonly biasValues: Float32Array;
  /** [L] which of the masks bounds the row's choice, or -1. */
  readonly maskRows: Int32Array;
  /** [n x maskWords(vocabSize)] bit t % 32 of word t / 32: token t may be chosen. */
  readonly masks: Uint32Array;
  /** [L] token to take whatever the logits say, or -1 to choose. */
  readonly forcedTokens: Int32Array;
  /** [L] how many alternatives to report, 0..MAX_TOP_LOGPROBS. */
  readonly topLogprobs: Int32Array;
}

/** Alternatives a row can report; the API's own limit. */
export const MAX_TOP_LOGPROBS = 20;

/** Words of one mask. */
export function maskWords(vocabSize: number): number {
  return Math.ceil(vocabSize / 32);
}

/** Filled by `sample`. */
export interface SampleResult {
  /** [L] chosen ids. */
  readonly tokens: Int32Array;
  /** [L] natural-log probability of the chosen id under the raw logits. */
  readonly logprobs: Float32Array;
  /** [L x MAX_TOP_LOGPROBS] best first; -1 where fewer were asked for. */
  readonly topTokens: Int32Array;
  readonly topLogprobs: Float32Array;
}

export interface ExecutorLimits {
  /** Rows that one step takes. */
  readonly maxTokens: number;
  /** Logits rows that one step makes. */
  readonly maxLogitRows: number;
  /** Pages in the pool. */
  readonly pages: number;
  /** Tokens that a page holds. */
  readonly pageTokens: number;
}

export interface Executor {
  /** "native avx512-vnni", "interpreter": for logs and `turnwise doctor`. */
  readonly description: string;
  readonly limits: ExecutorLimits;
  readonly kvType: KvType;
  readonly vocabSize: number;
  /** Bytes of weights as packed, and of the page pool. */
  readonly memory: { readonly weightBytes: number; readonly kvBytes: number; readonly arenaBytes: number };

  /** Runs the model over the batch; its logits stay inside until the next step. */
  step(batch: StepBatch): void;
  /** Chooses a token for each logits row of the last step. */
  sample(batch: SampleBatch, result: SampleResult): void;
  /** Copies logits row `row` of the last step; `into` has vocabSize elements. For tests and scoring. */
  readLogits(row: number, into: Float32Array): void;
  /** Copies the first `tokens` tokens of page `from` to page `to`, all layers. */
  copyPage(from: number, to: number, tokens: number): void;
  /** Frees everything; later calls throw `native_disposed`. */
  dispose(): void;
}
