/**
 * Which of n sorted values enclose a quantile, whatever the values' distribution: the number of values at or below
 * the q-quantile is binomial, B(n, q), so two of its own quantiles are the ranks of a confidence interval (Hahn and
 * Meeker 1991, Statistical Intervals, section 5.2). Nothing is resampled: the work grows with the square root of n.
 */

export interface QuantileRanks {
  /** From 1; 0 where n values are too few for a lower bound. */
  readonly low: number;
  /** From 1; n + 1 where they are too few for an upper one. */
  readonly high: number;
}

/** Probabilities smaller than this share of the largest one do not count. */
const NEGLIGIBLE = 1e-18;

/** Ranks that enclose the `q`-quantile, 0 < q < 1, of `count` >= 1 independent values; the risk is the same on both sides. */
export function quantileRanks(count: number, q: number, confidence: number): QuantileRanks {
  const tail = (1 - confidence) / 2;
  const { first, weights } = binomialWeights(count, q);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const reached = (share: number): number => {
    let sum = 0;
    return first + weights.findIndex((weight) => (sum += weight) > share * total);
  };
  return { low: reached(tail), high: reached(1 - tail) + 1 };
}

/** Of `first`, `first` + 1, ... successes of `count` trials: their probabilities, as multiples of the largest one. */
function binomialWeights(count: number, q: number): { readonly first: number; readonly weights: number[] } {
  const odds = q / (1 - q);
  const mode = Math.min(count, Math.floor((count + 1) * q));
  const below: number[] = [];
  for (let k = mode, weight = 1; k > 0; k -= 1) {
    weight *= k / ((count - k + 1) * odds);
    if (weight < NEGLIGIBLE) break;
    below.push(weight);
  }
  const above: number[] = [];
  for (let k = mode, weight = 1; k < count; k += 1) {
    weight *= ((count - k) * odds) / (k + 1);
    if (weight < NEGLIGIBLE) break;
    above.push(weight);
  }
  return { first: mode - below.length, weights: [...below.toReversed(), 1, ...above] };
}
