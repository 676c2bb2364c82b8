import { describe, expect, it } from "vitest";
import { checkStep } from "./check-step.ts";
import type { StepBatch } from "./executor.ts";

const LIMITS = { maxTokens: 4, maxLogitRows: 2, pages: 3, pageTokens: 2 } as const;

/** Two sequences: positions 1, 2 and position 0. */
const STEP: StepBatch = {
  tokens: Int32Array.of(5, 6, 7),
  positions: Int32Array.of(1, 2, 0),
  sequenceStarts: Int32Array.of(0, 2, 3),
  pageTables: Int32Array.of(0, 2, 1),
  pageTableStarts: Int32Array.of(0, 2, 3),
  logitRows: Int32Array.of(1, 2),
};

describe("checkStep", () => {
  it("accepts a valid step, also without logit rows", () => {
    expect(() => checkStep(STEP, LIMITS, 8)).not.toThrow();
    expect(() => checkStep({ ...STEP, logitRows: new Int32Array(0) }, LIMITS, 8)).not.toThrow();
  });

  it("accepts sequences that share a page which none writes to", () => {
    const shared: StepBatch = {
      ...STEP,
      positions: Int32Array.of(2, 3, 2),
      pageTables: Int32Array.of(0, 1, 0, 2),
      pageTableStarts: Int32Array.of(0, 2, 4),
    };
    expect(() => checkStep(shared, LIMITS, 8)).not.toThrow();
  });

  it.each<readonly [name: string, change: Partial<Record<keyof StepBatch, Int32Array>>, problem: RegExp]>([
    ["no rows", { tokens: new Int32Array(0) }, /1\.\.4 rows, not 0/],
    ["too many rows", { tokens: new Int32Array(5) }, /1\.\.4 rows, not 5/],
    ["missing positions", { positions: Int32Array.of(1, 2) }, /as many positions, not 2/],
    ["a token outside the vocabulary", { tokens: Int32Array.of(5, 8, 7) }, /token 8/],
    ["too many logit rows", { logitRows: Int32Array.of(0, 1, 2) }, /at most 2 logit rows/],
    ["logit rows that descend", { logitRows: Int32Array.of(2, 1) }, /logit row 1/],
    ["a logit row outside the step", { logitRows: Int32Array.of(3) }, /logit row 3/],
    ["rows of no sequence", { sequenceStarts: Int32Array.of(0, 1, 2) }, /cover all rows/],
    ["an empty sequence", { sequenceStarts: Int32Array.of(0, 0, 3) }, /sequence 0 has rows/],
    ["page tables that do not add up", { pageTableStarts: Int32Array.of(0, 2, 2) }, /cover all entries/],
    ["positions with a gap", { positions: Int32Array.of(1, 3, 0) }, /positions of sequence 0 are consecutive/],
    ["a negative position", { positions: Int32Array.of(-1, 0, 0) }, /sequence 0 begins/],
    ["too few pages", { positions: Int32Array.of(3, 4, 0) }, /sequence 0 needs 3 pages, it has 2/],
    [
      "a written page that another sequence names",
      { pageTables: Int32Array.of(0, 1, 1) },
      /page 1, which .* named once/,
    ],
    ["a written page that is named twice", { pageTables: Int32Array.of(2, 2, 1) }, /page 2, which .* named once/],
    ["a page outside the pool", { pageTables: Int32Array.of(0, 3, 1) }, /page 3/],
  ])("refuses %s", (_, change, problem) => {
    expect(() => checkStep({ ...STEP, ...change }, LIMITS, 8)).toThrow(problem);
  });
});
