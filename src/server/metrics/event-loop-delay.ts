/**
 * How late the event loop comes to what waits for it. Node samples that by a timer of one millisecond: by how much more
 * than that two of its calls are apart. A pause that begins between them is told up to a millisecond short, one that is
 * shorter goes unseen. The timer begins when someone first asks: a server that nobody watches is not woken by it.
 */

import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";

/** Of the timer; Node has no finer one. */
const INTERVAL_MS = 1;
const NANOSECONDS_PER_MS = 1e6;

/** The last is the longest. */
const QUANTILES = [0.5, 0.99, 1] as const;

export interface DelayQuantile {
  readonly quantile: (typeof QUANTILES)[number];
  readonly seconds: number;
}

export class EventLoopDelay {
  #samples: IntervalHistogram | null = null;

  /** Of the time since it was last asked for; empty the first time, and where too little has passed. */
  take(): readonly DelayQuantile[] {
    if (this.#samples === null) {
      this.#samples = monitorEventLoopDelay({ resolution: INTERVAL_MS });
      this.#samples.enable();
      return [];
    }
    const samples = this.#samples;
    if (samples.count === 0) return [];
    const taken = QUANTILES.map((quantile) => ({ quantile, seconds: delaySeconds(samples, quantile) }));
    samples.reset();
    return taken;
  }

  /** Ends the timer; `take` would begin it anew. */
  stop(): void {
    this.#samples?.disable();
    this.#samples = null;
  }
}

function delaySeconds(samples: IntervalHistogram, quantile: number): number {
  // A percentile is rounded up to three digits, the longest one is not.
  const apart = quantile === 1 ? samples.max : samples.percentile(100 * quantile);
  return Math.max(0, apart / NANOSECONDS_PER_MS - INTERVAL_MS) / 1000;
}
