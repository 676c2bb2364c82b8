/** What a long prompt costs the streams that run beside it, under a virtual clock. */

import { describe, expect, it } from "vitest";
import { generationOrder } from "../../../test/support/generation-order.ts";
import {
  gapsOf,
  quantile,
  type SimulatedTurn,
  TurnSimulator,
  unsteadiness,
} from "../../../test/support/turn-simulator.ts";

const PROMPT_TOKENS = 6000;
/** Of each stream beside and after the prompt: more than it takes steps with the least budget. */
const STREAM_TOKENS = 800;
const MS_PER_DECODE_STEP = 40;

interface Machine {
  /** Steps of the streams alone, before the prompt comes. */
  readonly lead: number;
  readonly slowness?: (nowMs: number) => number;
}

/** Four streams decode, and after `lead` steps a long prompt comes. */
function simulate(maxStallMs: number, { lead, slowness = () => 1 }: Machine) {
  const simulator = new TurnSimulator({ pages: 800, pageTokens: 32, maxStallMs, slowness });
  for (let id = 0; id < 4; id++) {
    const prompt = Int32Array.from({ length: 40 }, (_, index) => (index * (id + 3)) % 26);
    simulator.submitAt(0, generationOrder({ id, prompt, maxTokens: lead + STREAM_TOKENS }));
  }
  const prompt = Int32Array.from({ length: PROMPT_TOKENS }, (_, index) => (index * index) % 26);
  const atMs = lead * MS_PER_DECODE_STEP;
  simulator.submitAt(atMs, generationOrder({ id: 9, prompt, maxTokens: 4 }));
  const turns: SimulatedTurn[] = [];
  simulator.run((turn) => turns.push(turn));
  const untilMs = turns.find(({ id }) => id === 9)?.firstTokenMs ?? 0;
  const gaps = turns.flatMap(({ id, times }) => (id < 4 ? gapsOf(times, atMs, untilMs) : []));
  const decodeMs = quantile(simulator.decodeStepMs, 0.5);
  return { turns, decodeMs, p99: quantile(gaps, 0.99), longest: Math.max(...gaps), ms: simulator.nowMs - atMs };
}

const STEADY: Machine = { lead: 25 };
const unsteady = (): Machine => ({ lead: 600, slowness: unsteadiness("stalls") });

describe.each([
  ["a steady machine", () => STEADY],
  ["an unsteady machine that has decoded for a while", unsteady],
])("the stall budget, on %s", (_, machine) => {
  const unbounded = simulate(Infinity, machine());

  it.each([
    [150, 0.9],
    [50, 0.7],
  ])("of %i ms bounds the gaps between tokens and keeps %f of the throughput", (budgetMs, share) => {
    const { turns, decodeMs, p99, longest, ms } = simulate(budgetMs, machine());
    expect(turns).toHaveLength(5);
    expect(p99).toBeLessThanOrEqual(1.3 * (budgetMs + decodeMs));
    expect(longest).toBeLessThanOrEqual(1.5 * (budgetMs + decodeMs));
    // The same tokens in all runs: throughput is the inverse of the time.
    expect(unbounded.ms / ms).toBeGreaterThanOrEqual(share);
  });

  it("is what makes the difference", () => {
    expect(unbounded.p99).toBeGreaterThan(1000);
  });
});

it("gives the same at the same times whenever it is run again", () => {
  expect(simulate(150, STEADY)).toEqual(simulate(150, STEADY));
});
