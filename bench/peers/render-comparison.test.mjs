import { expect, test } from "vitest";
import { renderComparison } from "./render-comparison.mjs";

const IDENTITY = {
  cpu: "A CPU",
  threads: 2,
  turnwise: "1.0.0",
  program: "111",
  "native core": "aaa",
  "llama.cpp": "v1",
};

const measured = (engine, tokensPerSecond, more = {}) => ({
  round: 1,
  model: "llama-3.2-1b-q4_0.gguf",
  benchCase: "decode@8192",
  engine,
  tokensPerSecond,
  command: `run ${engine}`,
  ...more,
});

const rowOf = (measurements) =>
  renderComparison({ identity: IDENTITY, measurements })
    .split("\n")
    .filter((line) => line.startsWith("  llama-3.2-1b-q4_0 "))[0]
    .split(/ {2,}/)
    .slice(1);

test("ratios are of medians, to the better setting of llama.cpp, beside their aims", () => {
  const shares = { bandwidthShare: 0.9, int8Share: 0.1 };
  const row = rowOf([
    measured("turnwise", 40, shares),
    measured("turnwise", 44, { ...shares, round: 2 }),
    measured("turnwise f16", 30, shares),
    measured("llama.cpp fa-off", 12),
    measured("llama.cpp fa-on", 15),
  ]);
  expect(row).toEqual([
    "llama-3.2-1b-q4_0",
    "decode@8192",
    ...["42.00", "30.00", "12.00", "15.00", "-"],
    ...["2.80 (2.3)", "2.00 (1.7)", "-", "90 % of bandwidth (80 %)"],
  ]);
});

test("a case without an aim has ratios alone, and what was not measured a dash", () => {
  const other = { model: "llama-3.2-1b-q4_0.gguf", benchCase: "decode@1000" };
  const row = rowOf([measured("turnwise", 50, other), measured("node-llama-cpp", 25, other)]);
  expect(row.slice(1)).toEqual(["decode@1000", "50.00", "-", "-", "-", "25.00", "-", "-", "2.00", "-"]);
});
