import { expect, it } from "vitest";
import { countOf, emptyDistribution, record } from "./distribution.ts";

it("counts a value below the first bound that it does not exceed", () => {
  const distribution = emptyDistribution([1, 10]);
  for (const value of [0.5, 1, 1.5, 10]) record(distribution, value);
  record(distribution, 11, 3);
  expect([...distribution.counts]).toEqual([2, 2, 3]);
  expect(distribution.sum).toBe(46);
  expect(countOf(distribution)).toBe(7);
});
