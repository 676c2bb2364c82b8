import { expect, it } from "vitest";
import { costPerToken, limitShares } from "./limits.ts";
import { spreadOf } from "./spread.ts";

it("averages the cost of a pass over its tokens", () => {
  const sizes = [
    { tokens: 3, logitRows: 0, attendedPositions: 6, readPositions: 3 },
    { tokens: 1, logitRows: 1, attendedPositions: 4, readPositions: 4 },
  ];
  const costs = {
    perStep: { flops: 0, bytes: 100 },
    perToken: { flops: 10, bytes: 0 },
    perLogitRow: { flops: 8, bytes: 20 },
    perAttendedPosition: { flops: 2, bytes: 1 },
  };
  expect(costPerToken(sizes, costs)).toEqual({
    flops: (4 * 10 + 8 + 2 * (6 + 4)) / 4,
    bytes: (2 * 100 + 20 + 3 + 4) / 4,
  });
});

it("holds a rate against the limit that it is nearer to", () => {
  const limits = { bytesPerSecond: 40e9, operationsPerSecond: 1000e9 };
  const decode = limitShares(50, { flops: 2e9, bytes: 0.7e9 }, limits);
  expect(decode).toMatchObject({ limit: "bandwidth", int8Share: 0.1 });
  expect(decode.limitShare).toBeCloseTo(35 / 40, 12);
  const prefill = limitShares(300, { flops: 2e9, bytes: 0.01e9 }, limits);
  expect(prefill).toMatchObject({ limit: "int8", limitShare: 0.6 });
  const floats = limitShares(300, { flops: 2e9, bytes: 0.01e9 }, { ...limits, operationsPerSecond: null });
  expect(floats).toMatchObject({ limit: "bandwidth", int8Share: null });
});

it("has the middle, or the mean of the middle two", () => {
  expect(spreadOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
  expect(spreadOf([4, 1, 2, 10])).toEqual({ median: 3, min: 1, max: 10 });
  expect(spreadOf([7])).toEqual({ median: 7, min: 7, max: 7 });
});
