import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../../base/random.ts";
import { type QuantileRanks, quantileRanks } from "./quantile-ranks.ts";

/** P(B <= k) of B(n, percent / 100) as a fraction of 100 ** n, in integers. */
function exactCumulative(n: number, percent: number): bigint[] {
  const [hit, miss] = [BigInt(percent), BigInt(100 - percent)];
  let ways = 1n;
  let sum = 0n;
  return Array.from({ length: n + 1 }, (_, k) => {
    sum += ways * hit ** BigInt(k) * miss ** BigInt(n - k);
    ways = (ways * BigInt(n - k)) / BigInt(k + 1);
    return sum;
  });
}

/** By definition: the largest low rank and the smallest high one that keep 2.5 % or less outside on each side. */
function exactRanks(n: number, percent: number): QuantileRanks {
  const cumulative = exactCumulative(n, percent);
  const all = 100n ** BigInt(n);
  const below = (rank: number): bigint => cumulative[rank - 1] ?? 0n;
  const ranks = Array.from({ length: n + 2 }, (_, rank) => rank);
  return {
    low: ranks.findLast((rank) => below(rank) * 1000n <= 25n * all) ?? -1,
    high: ranks.find((rank) => rank > n || (rank > 0 && below(rank) * 1000n >= 975n * all)) ?? -1,
  };
}

describe("quantileRanks", () => {
  it.each([
    [6, 1, 6],
    [10, 2, 9],
    [20, 6, 15],
    [50, 18, 33],
    [100, 40, 61],
  ])("has the published ranks of a median of %i values", (count, low, high) => {
    expect(quantileRanks(count, 0.5, 0.95)).toEqual({ low, high });
  });

  it("is the binomial's by exact arithmetic", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 99 }), (count, percent) => {
        expect(quantileRanks(count, percent / 100, 0.95)).toEqual(exactRanks(count, percent));
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  it("approaches the normal distribution, in little time", () => {
    const count = 100_000_000;
    const { low, high } = quantileRanks(count, 0.95, 0.95);
    const spread = 1.959964 * Math.sqrt(count * 0.95 * 0.05);
    expect(Math.abs(low - (0.95 * count - spread))).toBeLessThan(2);
    expect(Math.abs(high - (0.95 * count + spread + 1))).toBeLessThan(2);
  });

  it("encloses the quantile of skewed values as often as it says", () => {
    const random = createRandom("coverage");
    const count = 120;
    const { low, high } = quantileRanks(count, 0.95, 0.95);
    const trials = 3000;
    let enclosed = 0;
    for (let trial = 0; trial < trials; trial += 1) {
      const sorted = Float64Array.from({ length: count }, () => -Math.log(1 - random())).toSorted();
      const quantile = -Math.log(1 - 0.95);
      if ((sorted[low - 1] ?? 0) <= quantile && quantile <= (sorted[high - 1] ?? Infinity)) enclosed += 1;
    }
    // Ranks are whole numbers, so it may be somewhat more; less only by chance.
    expect(enclosed / trials).toBeGreaterThan(0.94);
    expect(enclosed / trials).toBeLessThan(0.985);
  });
});
