/**
 * How much of a step is prompts: as many rows as add no more milliseconds than may be to what the decoding
 * sequences take, with headroom for steps that take longer than predicted, but at least their share of the step.
 */

import type { StepSizes } from "../../graph/types.ts";
import type { Sequence } from "./sequence.ts";
import type { StepTimes } from "./step-times.ts";

export interface PrefillLimits {
  /** Rows of one step. */
  readonly maxStepTokens: number;
  /** Milliseconds that prompts may add to a step in which others decode: what a running answer waits for. */
  readonly maxStallMs: number;
  /** The share of such a step that prompts are sure of, 0 to below 1, where `maxStallMs` gives them less. */
  readonly minPrefillShare: number;
}

/** Where steps vary widely, prompts have this share of `maxStallMs` all the same. */
const LEAST_STALL_SHARE = 0.4;

export class PrefillBudget {
  readonly #limits: PrefillLimits;
  readonly #times: StepTimes;
  #rows = 0;
  #ms = 0;
  /** However long a row takes, the first prompt in line has one. */
  #isUntouched = true;

  constructor(times: StepTimes, limits: PrefillLimits) {
    this.#times = times;
    this.#limits = limits;
  }

  /** Begins a step in which those of `running` decode that do. */
  open(running: readonly Sequence[]): void {
    const { maxStepTokens, maxStallMs, minPrefillShare } = this.#limits;
    let rows = 0;
    let attendedPositions = 0;
    for (const { decodes, tokens } of running) {
      if (!decodes) continue;
      rows += 1;
      attendedPositions += tokens.length;
    }
    const decode: StepSizes = { tokens: rows, logitRows: rows, attendedPositions };
    const decodeMs = this.#times.predict(decode);
    const sureMs = (decodeMs + maxStallMs) / this.#times.headroom - this.#times.predictBeside(decode);
    const shareMs = (decodeMs * minPrefillShare) / (1 - minPrefillShare);
    this.#rows = maxStepTokens - rows;
    this.#ms = rows === 0 ? Infinity : Math.max(sureMs, LEAST_STALL_SHARE * maxStallMs, shareMs);
    this.#isUntouched = true;
  }

  /** No prompt can have a row any more: who waits need not be looked up in the cache. */
  get isSpent(): boolean {
    return this.#rows <= 0 || (!this.#isUntouched && this.#ms < this.#times.predictAdded(0, 1));
  }

  /** Rows that `sequence` may have of what is left. */
  rowsFor({ computed, pending }: Sequence): number {
    const limit = Math.min(pending, this.#rows);
    const inTime = this.#ms === Infinity ? limit : this.#times.rowsWithin(computed, limit, this.#ms);
    return Math.max(inTime, this.#isUntouched ? 1 : 0);
  }

  /** Of `limit` rows after `computed` tokens, how many there is room for beside a row for the first prompt. */
  spareRows(computed: number, limit: number): number {
    const most = Math.min(limit, this.#rows - 1);
    if (most <= 0) return 0;
    return this.#ms === Infinity ? most : this.#times.rowsWithin(computed, most, this.#ms);
  }

  take({ computed }: Sequence, rows: number): void {
    this.#isUntouched = false;
    this.spend(computed, rows);
  }

  /** `rows` rows after `computed` tokens are computed beside those that decode. */
  spend(computed: number, rows: number): void {
    this.#rows -= rows;
    if (this.#ms !== Infinity) this.#ms -= this.#times.predictAdded(computed, rows);
  }
}
