/**
 * How long one more request would wait: for the prompts before it, and for a place where all are taken. A
 * forecast, for clients that are told when to come back; nothing is decided by it.
 */

import type { Scheduler } from "./scheduler.ts";
import type { StepTimes } from "./step-times.ts";

/** The weight of the newest gap between two ends, in their running mean. */
const NEWEST = 0.2;

export class WaitForecast {
  readonly #scheduler: Scheduler;
  readonly #times: StepTimes;
  #lastEndMs: number | null = null;
  /** Mean milliseconds from one end to the next. */
  #gapMs = 0;

  constructor(scheduler: Scheduler, times: StepTimes) {
    this.#scheduler = scheduler;
    this.#times = times;
  }

  /** A request has ended, and its place is free. */
  ended(nowMs: number): void {
    if (this.#lastEndMs !== null) {
      const gapMs = nowMs - this.#lastEndMs;
      this.#gapMs = this.#gapMs === 0 ? gapMs : (1 - NEWEST) * this.#gapMs + NEWEST * gapMs;
    }
    this.#lastEndMs = nowMs;
  }

  /** What the cache has of the prompts that wait is not known before they are let in: they count whole. */
  waitMs(): number {
    const { running, waiting, places } = this.#scheduler;
    let promptMs = 0;
    for (const queue of [running, waiting]) {
      for (const { decodes, computed, pending } of queue) {
        if (!decodes) promptMs += this.#times.predictAdded(computed, pending);
      }
    }
    const placeMs = running.length < places ? 0 : (waiting.length + 1) * this.#gapMs;
    return Math.max(promptMs, placeMs);
  }
}
