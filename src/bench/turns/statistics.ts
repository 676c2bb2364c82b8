/** Percentiles with confidence intervals, of durations among which failures count as infinite. */

import { quantileRanks } from "./quantile-ranks.ts";

export interface Quantile {
  readonly value: number;
  /** Bounds of the 95 % confidence interval: 0 and infinity where the values are too few for one. */
  readonly low: number;
  readonly high: number;
}

export interface Quantiles {
  readonly count: number;
  readonly p50: Quantile;
  readonly p95: Quantile;
  readonly p99: Quantile;
}

const CONFIDENCE = 0.95;

/**
 * Null without values, which are 0 or more. The intervals are of independent values: turns of one session are like
 * each other, so theirs are a little narrow.
 */
export function quantilesOf(values: readonly number[]): Quantiles | null {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).toSorted();
  const quantile = (q: number): Quantile => {
    const { low, high } = quantileRanks(sorted.length, q, CONFIDENCE);
    return { value: nearestRank(sorted, q), low: sorted[low - 1] ?? 0, high: sorted[high - 1] ?? Infinity };
  };
  return { count: values.length, p50: quantile(0.5), p95: quantile(0.95), p99: quantile(0.99) };
}

/** The smallest value that at least a share `q` of all values does not exceed. */
export function nearestRank(sorted: Float64Array, q: number): number {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}
