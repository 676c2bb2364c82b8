/**
 * The real scheduler over recorded sessions of a coding agent, under a virtual clock: all token counts divided
 * by 16, calls follow each other by the recorded think times.
 */

import { describe, expect, it } from "vitest";
import { DEFAULT_TENANT } from "../../src/engine/step/order.ts";
import { generationOrder } from "../support/generation-order.ts";
import { gapsOf, quantile, type SimulatedTurn, TurnSimulator } from "../support/turn-simulator.ts";
import { outputTokensOf, promptOf, type RecordedCall, recordedSessions } from "./support/recorded-calls.ts";
import { sharedAbsent } from "./support/shared-folder.ts";

const AGENTS = 8;
const CALLS = 10;
/** All counts divided by 16. */
const BLOCK_TOKENS = 4;
const BUDGET_MS = 150;

/** Replays all sessions over a pool of so many pages. */
function replay(sessions: readonly (readonly RecordedCall[])[], pages: number) {
  const simulator = new TurnSimulator({ pages, pageTokens: 32, maxStallMs: BUDGET_MS });
  const submit = (agent: number, call: number, atMs: number): void => {
    const recorded = sessions[agent]?.[call];
    if (recorded === undefined) return;
    const maxTokens = outputTokensOf(recorded, BLOCK_TOKENS);
    const order = {
      id: agent * CALLS + call,
      prompt: promptOf(recorded, agent, BLOCK_TOKENS),
      maxTokens,
      ignoreEos: true,
    };
    simulator.submitAt(atMs + recorded.think_time * 1000, generationOrder({ ...order, tenant: tenantOf(agent) }));
  };
  const turns: SimulatedTurn[] = [];
  for (const agent of sessions.keys()) submit(agent, 0, agent * 2000);
  simulator.run((turn) => {
    turns.push(turn);
    submit(Math.floor(turn.id / CALLS), (turn.id % CALLS) + 1, turn.endMs);
  });
  return { turns, simulator };
}

const tenantOf = (agent: number) => ({ ...DEFAULT_TENANT, name: `agent ${agent}` });

function commonLength(left: Int32Array, right: Int32Array): number {
  let length = 0;
  while (length < Math.min(left.length, right.length) && left[length] === right[length]) length += 1;
  return length;
}

describe.skipIf(sharedAbsent)("recorded sessions", () => {
  const sessions = sharedAbsent ? [] : recordedSessions(AGENTS, CALLS);
  const finalTokens = sessions.map((calls, agent) =>
    Math.max(...calls.map((call) => promptOf(call, agent, BLOCK_TOKENS).length)),
  );
  const allPages = finalTokens.reduce((sum, tokens) => sum + Math.ceil((tokens + 500) / 32), 0);

  it("reuse all that a call shares with the calls before it, where memory holds it", () => {
    const { turns, simulator } = replay(sessions, 2 * allPages);
    expect(turns).toHaveLength(AGENTS * CALLS);
    for (const [agent, calls] of sessions.entries()) {
      const prompts = calls.map((call) => promptOf(call, agent, BLOCK_TOKENS));
      for (const [index, prompt] of prompts.entries()) {
        const shared = Math.max(0, ...prompts.slice(0, index).map((earlier) => commonLength(earlier, prompt)));
        const { usage } = turns.find(({ id }) => id === agent * CALLS + index) ?? {};
        expect(usage?.cachedTokens).toBeGreaterThanOrEqual(Math.min(shared, prompt.length - 1));
      }
    }
    const decodeMs = quantile(simulator.decodeStepMs, 0.9);
    const gaps = turns.flatMap(({ times }) => gapsOf(times));
    expect(quantile(gaps, 0.99)).toBeLessThanOrEqual(1.3 * (BUDGET_MS + decodeMs));
  });

  it("all finish in half the memory of their final contexts", () => {
    const pages = Math.ceil(allPages / 2);
    const { turns, simulator } = replay(sessions, pages);
    expect(turns).toHaveLength(AGENTS * CALLS);
    expect(simulator.loop.stats()).toMatchObject({ failed: 0, finished: AGENTS * CALLS, pagesUsed: 0 });
    expect(simulator.loop.stats().evictions).toBeGreaterThan(0);
    simulator.loop.checkInvariants();
  });
});
