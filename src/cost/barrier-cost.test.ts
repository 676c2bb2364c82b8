import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

import { ADD_SECONDS, barrierCost, GROUP_THREADS, stageCount } from "./barrier-cost.ts";
import { projectedModel } from "./projected-model.ts";

const LLAMA_8B = projectedModel("llama-3.1-8b", "q4_0");

it("counts the stages of the compiled program: eight of each layer and four around them", () => {
  expect(stageCount(LLAMA_8B)).toBe(32 * 8 + 4);
});

describe("the adds that the last thread waits for", () => {
  it.each([
    [1, 0],
    // One group: its own counter is the root.
    [2, 3],
    [8, 9],
    // Two groups of 8 and two reports.
    [16, 10],
    // Three groups of 6 and 7.
    [20, 10],
    [192, 32],
  ])("of %d threads are %d", (threads, adds) => {
    const cost = barrierCost(LLAMA_8B, threads);
    expect(cost.adds).toBe(adds);
    expect(cost.secondsPerStep).toBeCloseTo(260 * adds * ADD_SECONDS, 12);
  });
});

it("costs less in groups than at one counter from two groups on", () => {
  for (const threads of [16, 64, 96, 192]) {
    const { secondsPerStep, ungroupedSecondsPerStep } = barrierCost(LLAMA_8B, threads);
    expect(secondsPerStep).toBeLessThan(ungroupedSecondsPerStep);
  }
});

it("has the native pool's number of threads in a group", () => {
  const header = readFileSync(new URL("../../native/runtime/thread_groups.h", import.meta.url), "utf8");
  expect(/kThreads = (\d+);/.exec(header)?.[1]).toBe(String(GROUP_THREADS));
});
