import { expect, test } from "vitest";
import { formatCount } from "./describe-engine.ts";
import { describeSpeed } from "./speed.ts";
import { textTable } from "./text-table.ts";

test.each([
  [0, "0"],
  [999, "999"],
  [260_000, "260 k"],
  [1_235_814_432, "1.24 B"],
  [7e13, "70.0 T"],
])("%d parameters: %s", (count, text) => {
  expect(formatCount(count)).toBe(text);
});

test("the first output token belongs to the prefill", () => {
  const timings = { queueMs: 5, prefillMs: 100, decodeMs: 200 };
  expect(describeSpeed(50, 11, timings)).toBe("(50 prompt tokens at 500/s, 11 tokens at 50.0/s)");
  expect(describeSpeed(50, 1, { ...timings, decodeMs: 0 })).toBe("(50 prompt tokens at 500/s, 1 tokens)");
});

test("columns are aligned", () => {
  const rows = [
    ["name", "bytes"],
    ["a", "10"],
  ];
  expect(textTable(rows, new Set([1]))).toBe("  name  bytes\n  a        10\n");
});
