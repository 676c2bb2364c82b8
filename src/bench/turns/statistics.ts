/** Percentiles with confidence intervals, of values among which failures count as infinite. */

import { createRandom } from "../../base/random.ts";

export interface Quantile {
  readonly value: number;
  /** Bounds of the 95 % confidence interval. */
  readonly low: number;
  readonly high: number;
}

export interface Quantiles {
  readonly count: number;
  readonly p50: Quantile;
  readonly p95: Quantile;
  readonly p99: Quantile;
}

const RESAMPLES = 400;
const LOW = 0.025;
const HIGH = 0.975;

/** Null without values. The interval is a bootstrap's (Efron 1979), from a fixed seed. */
export function quantilesOf(values: readonly number[]): Quantiles | null {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).toSorted();
  const random = createRandom(`bootstrap/${values.length}`);
  const samples = Array.from({ length: RESAMPLES }, () =>
    Float64Array.from(sorted, () => sorted[Math.floor(random() * sorted.length)] ?? 0).toSorted(),
  );
  const quantile = (q: number): Quantile => {
    const bootstrap = Float64Array.from(samples, (sample) => nearestRank(sample, q)).toSorted();
    return { value: nearestRank(sorted, q), low: nearestRank(bootstrap, LOW), high: nearestRank(bootstrap, HIGH) };
  };
  return { count: values.length, p50: quantile(0.5), p95: quantile(0.95), p99: quantile(0.99) };
}

/** The smallest value that at least a share `q` of all values does not exceed. */
export function nearestRank(sorted: Float64Array, q: number): number {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}
