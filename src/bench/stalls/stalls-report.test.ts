import { describe, expect, it } from "vitest";
import { sampleOf } from "./measure-stalls.ts";
import { budgetFigure, type StallSample } from "./stalls-report.ts";

function sample(fields: Partial<StallSample>): StallSample {
  return {
    leadGapsMs: [20, 20, 30],
    gapsMs: Array.from({ length: 100 }, (_, index) => index + 1),
    longestGaps: [],
    promptMs: 1000,
    generatedTokens: 8,
    tokensPerSecond: 100,
    completed: true,
    ...fields,
  };
}

describe("sampleOf", () => {
  it("counts gaps from the prompt's arrival to the one that its first token falls into", () => {
    // Arrival at 25, first token at 50.
    const times = { startMs: 25, endMs: 50, doneTokens: 45, promptTokens: 45 };
    const found = sampleOf(
      [
        [0, 10, 20, 40, 60, 70],
        [5, 15, 30, 55],
      ],
      times,
    );
    // The first gap of the first stream began before the second ran.
    expect(found.leadGapsMs).toEqual([10, 10]);
    // 20 to 40 and 40 to 60 of the first, 15 to 30 and 30 to 55 of the second.
    expect(found.gapsMs).toEqual([20, 20, 15, 25]);
    expect(found.longestGaps).toEqual([
      { atMs: 30, ms: 25 },
      { atMs: 15, ms: 20 },
      { atMs: 35, ms: 20 },
      { atMs: 5, ms: 15 },
    ]);
    // 40 and 30 came in that time.
    expect(found.generatedTokens).toBe(2);
    expect(found).toMatchObject({ promptMs: 25, tokensPerSecond: 47 / 0.025, completed: true });
  });

  it("keeps the 20 longest gaps", () => {
    const times = Array.from({ length: 40 }, (_, index) => (index * (index + 1)) / 2);
    const found = sampleOf([times], { startMs: 1, endMs: 1000, doneTokens: 1, promptTokens: 1 });
    expect(found.longestGaps.map(({ ms }) => ms)).toEqual(Array.from({ length: 20 }, (_, index) => 39 - index));
  });

  it("tells a prompt that was given up", () => {
    const times = { startMs: 0, endMs: 1000, doneTokens: 30, promptTokens: 45 };
    expect(sampleOf([[0, 500]], times)).toMatchObject({ tokensPerSecond: 31, completed: false });
  });
});

describe("budgetFigure", () => {
  it("holds the 99th percentile against 1.3 x (budget + decode step)", () => {
    const at = (budgetMs: number) => budgetFigure(budgetMs, [sample({})], [sample({})], 4);
    expect(at(60)).toMatchObject({ decodeStepMs: 20, gapMs: { count: 100, p50: 50, p99: 99, max: 100 } });
    expect([at(60).limitMs, at(60).isWithinLimit]).toEqual([104, true]);
    expect([at(50).limitMs, at(50).isWithinLimit]).toEqual([91, false]);
    expect(budgetFigure(null, [sample({})], [sample({})], 4)).toMatchObject({ limitMs: null, isWithinLimit: null });
  });

  it("tells what the machine varies by itself", () => {
    const leadGapsMs = Array.from({ length: 200 }, (_, index) => 40 + index / 10);
    expect(budgetFigure(50, [sample({ leadGapsMs })], [sample({})], 4).leadP99Ms).toBeCloseTo(59.7);
  });

  it("compares the time with that of an unbounded run for the same tokens, round by round", () => {
    const free = [1000, 2000, 1000].map((promptMs) => sample({ promptMs, generatedTokens: 8, leadGapsMs: [20] }));
    const bound = [1500, 2500, 1250].map((promptMs) => sample({ promptMs, generatedTokens: 48 }));
    // Ten tokens more of each of four streams: 200 ms. Of 1200 / 1500, 2200 / 2500 and 1200 / 1250.
    expect(budgetFigure(50, bound, free, 4).sameWorkShare).toBeCloseTo(0.88);
    expect(budgetFigure(null, free, free, 4).sameWorkShare).toBe(1);
    const cut = bound.map((run) => ({ ...run, completed: false }));
    expect(budgetFigure(50, cut, free, 4).sameWorkShare).toBeNull();
  });

  it("compares each round with the unbounded run of that round", () => {
    const free = [100, 200, 400].map((tokensPerSecond) => sample({ tokensPerSecond }));
    const bound = [90, 160, 380].map((tokensPerSecond, round) => sample({ tokensPerSecond, completed: round > 0 }));
    expect(budgetFigure(50, bound, free, 4)).toMatchObject({
      tokensPerSecond: { median: 160, min: 90, max: 380 },
      // Of 0.9, 0.8 and 0.95.
      shareOfUnbounded: 0.9,
      completed: false,
    });
  });
});
