import { describe, expect, it } from "vitest";
import { sampleOf } from "./measure-stalls.ts";
import { budgetFigure, type StallSample } from "./stalls-report.ts";

function sample(fields: Partial<StallSample>): StallSample {
  return {
    leadGapsMs: [20, 20, 30],
    gapsMs: Array.from({ length: 100 }, (_, index) => index + 1),
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
    expect(found.leadGapsMs).toEqual([10, 10, 10]);
    // 20 to 40 and 40 to 60 of the first, 15 to 30 and 30 to 55 of the second.
    expect(found.gapsMs).toEqual([20, 20, 15, 25]);
    // 40 and 30 came in that time.
    expect(found.generatedTokens).toBe(2);
    expect(found).toMatchObject({ promptMs: 25, tokensPerSecond: 47 / 0.025, completed: true });
  });

  it("tells a prompt that was given up", () => {
    const times = { startMs: 0, endMs: 1000, doneTokens: 30, promptTokens: 45 };
    expect(sampleOf([[0, 500]], times)).toMatchObject({ tokensPerSecond: 31, completed: false });
  });
});

describe("budgetFigure", () => {
  it("holds the 99th percentile against 1.3 x (budget + decode step)", () => {
    const at = (budgetMs: number) => budgetFigure(budgetMs, [sample({})], [sample({})]);
    expect(at(60)).toMatchObject({ decodeStepMs: 20, gapMs: { count: 100, p50: 50, p99: 99, max: 100 } });
    expect([at(60).limitMs, at(60).isWithinLimit]).toEqual([104, true]);
    expect([at(50).limitMs, at(50).isWithinLimit]).toEqual([91, false]);
    expect(budgetFigure(null, [sample({})], [sample({})])).toMatchObject({ limitMs: null, isWithinLimit: null });
  });

  it("compares each round with the unbounded run of that round", () => {
    const free = [100, 200, 400].map((tokensPerSecond) => sample({ tokensPerSecond }));
    const bound = [90, 160, 380].map((tokensPerSecond, round) => sample({ tokensPerSecond, completed: round > 0 }));
    expect(budgetFigure(50, bound, free)).toMatchObject({
      tokensPerSecond: { median: 160, min: 90, max: 380 },
      // Of 0.9, 0.8 and 0.95.
      shareOfUnbounded: 0.9,
      completed: false,
    });
  });
});
