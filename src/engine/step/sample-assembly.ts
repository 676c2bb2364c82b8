/** From a plan to the arrays of `Executor.sample`, in memory that is reused. */

import { MAX_TOP_LOGPROBS, maskWords, type SampleBatch, type SampleResult } from "../../graph/executor.ts";
import {
  GREEDY,
  mapSettings,
  SAMPLER_SETTING_NAMES,
  SAMPLER_SETTINGS,
  type SamplerSettingRows,
  type SamplerSettings,
} from "../../graph/sampler-settings.ts";
import { reusedFloat32, reusedInt32, reusedUint32 } from "./reused-array.ts";
import type { TokenHistory } from "./token-history.ts";

/** How one row is sampled. */
export interface RowSampling {
  readonly settings: SamplerSettings;
  readonly seedLow: number;
  readonly seedHigh: number;
  readonly topLogprobs: number;
}

/** Bounds a row's choice: writes the mask of what may come, or says that all may. */
export type RowMask = (words: Uint32Array) => boolean;

export interface RowBias {
  readonly tokens: Int32Array;
  readonly values: Float32Array;
}

export const NO_BIAS: RowBias = { tokens: new Int32Array(0), values: new Float32Array(0) };

/** A known token's log-probability is wanted and nothing is chosen. */
export const SCORE_SAMPLING: RowSampling = { settings: GREEDY, seedLow: 0, seedHigh: 0, topLogprobs: 0 };

export class SampleAssembly {
  readonly #maskWords: number;
  readonly #settings;
  readonly #maskRows;
  readonly #masks = reusedUint32(1024);
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
  #maskCount = 0;

  constructor(maxRows: number, vocabSize: number) {
    this.#maskWords = maskWords(vocabSize);
    this.#settings = mapSettings((name) =>
      SAMPLER_SETTINGS[name].array === "f32" ? reusedFloat32(maxRows) : reusedInt32(maxRows),
    );
    this.#maskRows = reusedInt32(maxRows);
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
    this.#maskCount = 0;
  }

  /** Adds the next logits row; `position` is the one its token will have, `forced` the token or -1. */
  add(
    sampling: RowSampling,
    position: number,
    forced: number,
    history: TokenHistory | null,
    bias: RowBias,
    mask: RowMask | null,
  ): void {
    const row = this.#rows;
    const next = row + 1;
    for (const name of SAMPLER_SETTING_NAMES) this.#settings[name].atLeast(next)[row] = sampling.settings[name];
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
    this.#maskRows.atLeast(next)[row] = this.#addMask(mask);
    this.#rows = next;
  }

  /** The mask's number, or -1 where all tokens may come. */
  #addMask(mask: RowMask | null): number {
    if (mask === null) return -1;
    const start = this.#maskCount * this.#maskWords;
    const words = this.#masks.atLeast(start + this.#maskWords).subarray(start, start + this.#maskWords);
    if (!mask(words)) return -1;
    this.#maskCount += 1;
    return this.#maskCount - 1;
  }

  /** The rows added since `begin`; valid until the next. */
  batch(): SampleBatch {
    const rows = this.#rows;
    this.#historyStarts.atLeast(rows + 1)[rows] = this.#historySize;
    this.#biasStarts.atLeast(rows + 1)[rows] = this.#biasSize;
    return {
      ...(mapSettings((name) => this.#settings[name].view(rows)) as SamplerSettingRows),
      maskRows: this.#maskRows.view(rows),
      masks: this.#masks.view(this.#maskCount * this.#maskWords),
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
