/** From a plan to the arrays of `Executor.sample`, in memory that is reused. */

import { MAX_TOP_LOGPROBS, type SampleBatch, type SampleResult } from "../../graph/executor.ts";
import { reusedFloat32, reusedInt32, reusedUint32 } from "./reused-array.ts";
import type { TokenHistory } from "./token-history.ts";

/** How one row is sampled. */
export interface RowSampling {
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly repetitionPenalty: number;
  readonly presencePenalty: number;
  readonly frequencyPenalty: number;
  readonly seedLow: number;
  readonly seedHigh: number;
  readonly topLogprobs: number;
}

export interface RowBias {
  readonly tokens: Int32Array;
  readonly values: Float32Array;
}

export const NO_BIAS: RowBias = { tokens: new Int32Array(0), values: new Float32Array(0) };

/** A known token's log-probability is wanted and nothing is chosen. */
export const SCORE_SAMPLING: RowSampling = {
  temperature: 0,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
  seedLow: 0,
  seedHigh: 0,
  topLogprobs: 0,
};

export class SampleAssembly {
  readonly #temperature;
  readonly #topK;
  readonly #topP;
  readonly #minP;
  readonly #repetitionPenalty;
  readonly #presencePenalty;
  readonly #frequencyPenalty;
  readonly #seedLow;
  readonly #seedHigh;
  readonly #positions;
  readonly #forcedTokens;
  readonly #topLogprobs;
  readonly #historyStarts;
  readonly #historyTokens = reusedInt32(1024);
  readonly #historyCounts = reusedInt32(1024);
  readonly #biasStarts;
  readonly #biasTokens = reusedInt32(64);
  readonly #biasValues = reusedFloat32(64);
  readonly #resultTokens;
  readonly #resultLogprobs;
  readonly #resultTopTokens;
  readonly #resultTopLogprobs;
  #rows = 0;
  #historySize = 0;
  #biasSize = 0;

  constructor(maxRows: number) {
    this.#temperature = reusedFloat32(maxRows);
    this.#topK = reusedInt32(maxRows);
    this.#topP = reusedFloat32(maxRows);
    this.#minP = reusedFloat32(maxRows);
    this.#repetitionPenalty = reusedFloat32(maxRows);
    this.#presencePenalty = reusedFloat32(maxRows);
    this.#frequencyPenalty = reusedFloat32(maxRows);
    this.#seedLow = reusedUint32(maxRows);
    this.#seedHigh = reusedUint32(maxRows);
    this.#positions = reusedInt32(maxRows);
    this.#forcedTokens = reusedInt32(maxRows);
    this.#topLogprobs = reusedInt32(maxRows);
    this.#historyStarts = reusedInt32(maxRows + 1);
    this.#biasStarts = reusedInt32(maxRows + 1);
    this.#resultTokens = reusedInt32(maxRows);
    this.#resultLogprobs = reusedFloat32(maxRows);
    this.#resultTopTokens = reusedInt32(maxRows * MAX_TOP_LOGPROBS);
    this.#resultTopLogprobs = reusedFloat32(maxRows * MAX_TOP_LOGPROBS);
  }

  /** Forgets the rows of the last step. */
  begin(): void {
    this.#rows = 0;
    this.#historySize = 0;
    this.#biasSize = 0;
  }

  /** Adds the next logits row; `position` is the one its token will have, `forced` the token or -1. */
  add(sampling: RowSampling, position: number, forced: number, history: TokenHistory | null, bias: RowBias): void {
    const row = this.#rows;
    const next = row + 1;
    this.#temperature.atLeast(next)[row] = sampling.temperature;
    this.#topK.atLeast(next)[row] = sampling.topK;
    this.#topP.atLeast(next)[row] = sampling.topP;
    this.#minP.atLeast(next)[row] = sampling.minP;
    this.#repetitionPenalty.atLeast(next)[row] = sampling.repetitionPenalty;
    this.#presencePenalty.atLeast(next)[row] = sampling.presencePenalty;
    this.#frequencyPenalty.atLeast(next)[row] = sampling.frequencyPenalty;
    this.#seedLow.atLeast(next)[row] = sampling.seedLow;
    this.#seedHigh.atLeast(next)[row] = sampling.seedHigh;
    this.#positions.atLeast(next)[row] = position;
    this.#forcedTokens.atLeast(next)[row] = forced;
    this.#topLogprobs.atLeast(next)[row] = sampling.topLogprobs;
    this.#historyStarts.atLeast(next)[row] = this.#historySize;
    if (history !== null) {
      const end = this.#historySize + history.size;
      history.copyTo(this.#historyTokens.atLeast(end), this.#historyCounts.atLeast(end), this.#historySize);
      this.#historySize = end;
    }
    this.#biasStarts.atLeast(next)[row] = this.#biasSize;
    if (bias.tokens.length > 0) {
      const end = this.#biasSize + bias.tokens.length;
      this.#biasTokens.atLeast(end).set(bias.tokens, this.#biasSize);
      this.#biasValues.atLeast(end).set(bias.values, this.#biasSize);
      this.#biasSize = end;
    }
    this.#rows = next;
  }

  /** The rows added since `begin`; valid until the next. */
  batch(): SampleBatch {
    const rows = this.#rows;
    this.#historyStarts.atLeast(rows + 1)[rows] = this.#historySize;
    this.#biasStarts.atLeast(rows + 1)[rows] = this.#biasSize;
    return {
      temperature: this.#temperature.view(rows),
      topK: this.#topK.view(rows),
      topP: this.#topP.view(rows),
      minP: this.#minP.view(rows),
      repetitionPenalty: this.#repetitionPenalty.view(rows),
      presencePenalty: this.#presencePenalty.view(rows),
      frequencyPenalty: this.#frequencyPenalty.view(rows),
      seedLow: this.#seedLow.view(rows),
      seedHigh: this.#seedHigh.view(rows),
      positions: this.#positions.view(rows),
      historyStarts: this.#historyStarts.view(rows + 1),
      historyTokens: this.#historyTokens.view(this.#historySize),
      historyCounts: this.#historyCounts.view(this.#historySize),
      biasStarts: this.#biasStarts.view(rows + 1),
      biasTokens: this.#biasTokens.view(this.#biasSize),
      biasValues: this.#biasValues.view(this.#biasSize),
      forcedTokens: this.#forcedTokens.view(rows),
      topLogprobs: this.#topLogprobs.view(rows),
    };
  }

  /** Where the results of those rows go; valid until the next `begin`. */
  result(): SampleResult {
    const rows = this.#rows;
    return {
      tokens: this.#resultTokens.view(rows),
      logprobs: this.#resultLogprobs.view(rows),
      topTokens: this.#resultTopTokens.view(rows * MAX_TOP_LOGPROBS),
      topLogprobs: this.#resultTopLogprobs.view(rows * MAX_TOP_LOGPROBS),
    };
  }
}
