/** What a long prompt costs the streams that run beside it, under a virtual clock. */

import { describe, expect, it } from "vitest";
import { generationOrder } from "../../../test/support/generation-order.ts";
import { quantile, type SimulatedTurn, TurnSimulator } from "../../../test/support/turn-simulator.ts";

const PROMPT_TOKENS = 6000;
const STREAM_TOKENS = 250;

/** Four streams decode, and after a second a long prompt comes. */
function simulate(maxStallMs: number) {
  const simulator = new TurnSimulator({ pages: 400, pageTokens: 32, maxStallMs });
  for (let id = 0; id < 4; id++) {
    const prompt = Int32Array.from({ length: 40 }, (_, index) => (index * (id + 3)) % 26);
    simulator.submitAt(0, generationOrder({ id, prompt, maxTokens: STREAM_TOKENS }));
  }
  const prompt = Int32Array.from({ length: PROMPT_TOKENS }, (_, index) => (index * index) % 26);
  simulator.submitAt(1000, generationOrder({ id: 9, prompt, maxTokens: 4 }));
  const turns: SimulatedTurn[] = [];
  simulator.run((turn) => turns.push(turn));
  const gaps = turns.filter(({ id }) => id < 4).flatMap((turn) => turn.gaps);
  const decodeMs = quantile(simulator.decodeStepMs, 0.5);
  return { turns, decodeMs, p99: quantile(gaps, 0.99), endMs: simulator.nowMs };
}

describe("the stall budget", () => {
  const unbounded = simulate(Infinity);

  it.each([
    [150, 0.9],
    [50, 0.7],
  ])("of %i ms bounds the gaps between tokens and keeps %f of the throughput", (budgetMs, share) => {
    const { turns, decodeMs, p99, endMs } = simulate(budgetMs);
    expect(turns).toHaveLength(5);
    expect(p99).toBeLessThanOrEqual(1.3 * (budgetMs + decodeMs));
    // The same tokens in all runs: throughput is the inverse of the time.
    expect(unbounded.endMs / endMs).toBeGreaterThanOrEqual(share);
  });

  it("is what makes the difference", () => {
    expect(unbounded.p99).toBeGreaterThan(1000);
  });

  it("gives the same at the same times whenever it is run again", () => {
    expect(simulate(150)).toEqual(simulate(150));
  });
});
