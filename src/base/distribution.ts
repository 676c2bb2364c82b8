/** How values are spread, as counts between bounds: plain data, which crosses threads and becomes a histogram. */

export interface Distribution {
  /** Ascending; a value belongs to the first that it does not exceed. */
  readonly bounds: readonly number[];
  /** One for each bound, and one for what is above them all. */
  readonly counts: Float64Array;
  /** Of all values. */
  sum: number;
}

export function emptyDistribution(bounds: readonly number[]): Distribution {
  return { bounds, counts: new Float64Array(bounds.length + 1), sum: 0 };
}

/** Records `value`, `times` times. */
export function record(distribution: Distribution, value: number, times = 1): void {
  const { bounds, counts } = distribution;
  let index = 0;
  while (index < bounds.length && value > (bounds[index] ?? Infinity)) index += 1;
  counts[index] = (counts[index] ?? 0) + times;
  distribution.sum += value * times;
}

/** Records in `into` what `from`, of the same bounds, has. */
export function addDistribution(into: Distribution, from: Distribution): void {
  for (const [bucket, count] of from.counts.entries()) into.counts[bucket] = (into.counts[bucket] ?? 0) + count;
  into.sum += from.sum;
}

/** How many values were recorded. */
export function countOf({ counts }: Distribution): number {
  return counts.reduce((total, count) => total + count, 0);
}
