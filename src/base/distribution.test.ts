import { expect, it } from "vitest";
import { addDistribution, countOf, emptyDistribution, record } from "./distribution.ts";

it("counts a value below the first bound that it does not exceed", () => {
  const distribution = emptyDistribution([1, 10]);
  for (const value of [0.5, 1, 1.5, 10]) record(distribution, value);
  record(distribution, 11, 3);
  expect([...distribution.counts]).toEqual([2, 2, 3]);
  expect(distribution.sum).toBe(46);
  expect(countOf(distribution)).toBe(7);
});

it("adds up with another of the same bounds", () => {
  const [into, from] = [emptyDistribution([1]), emptyDistribution([1])];
  record(into, 0.5);
  record(from, 1);
  record(from, 3, 2);
  addDistribution(into, from);
  expect([[...into.counts], into.sum]).toEqual([[2, 2], 7.5]);
  expect([[...from.counts], from.sum]).toEqual([[1, 2], 7]);
});
