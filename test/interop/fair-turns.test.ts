/**
 * Tenants that want more than there is: the real scheduler over recorded sessions of a coding agent, one call
 * right behind the other, under a virtual clock.
 */

import { describe, expect, it } from "vitest";
import { DECODE_ROW_COST } from "../../src/engine/schedule/fair-shares.ts";
import { DEFAULT_TENANT } from "../../src/engine/step/order.ts";
import type { RequestTenant } from "../../src/engine/types.ts";
import { generationOrder } from "../support/generation-order.ts";
import { type FailedTurn, type SimulatedTurn, TurnSimulator } from "../support/turn-simulator.ts";
import { outputTokensOf, promptOf, recordedSessions } from "./support/recorded-calls.ts";
import { sharedAbsent } from "./support/shared-folder.ts";

const CALLS = 10;
const SESSIONS = 24;
/** All counts divided by 64: a call in a second or two, so that many are seen. */
const BLOCK_TOKENS = 1;
/** 512 rows of the simulated machine at 5 ms, and their attention. */
const LONGEST_STEP_MS = 4000;

interface Agent {
  readonly tenant: Partial<RequestTenant> & { readonly name: string };
  readonly startMs: number;
  readonly deadlineMs?: number;
}

interface Played {
  readonly turns: SimulatedTurn[];
  readonly failures: FailedTurn[];
}

const sessions = sharedAbsent ? [] : recordedSessions(SESSIONS, CALLS);

/** Each agent plays session after session, never pausing. Turn `id` is agent `id % agents.length`'s. */
function play(agents: readonly Agent[], untilMs: number, maxSequences = 4): Played {
  const simulator = new TurnSimulator({ pages: 8000, pageTokens: 32, maxStallMs: 150, maxSequences });
  const submit = (agent: number, call: number, atMs: number): void => {
    const plan = agents[agent];
    const recorded = sessions[(agent + Math.floor(call / CALLS)) % sessions.length]?.[call % CALLS];
    if (plan === undefined || recorded === undefined) return;
    const order = generationOrder({
      id: call * agents.length + agent,
      prompt: promptOf(recorded, agent, BLOCK_TOKENS),
      maxTokens: outputTokensOf(recorded, BLOCK_TOKENS),
      ignoreEos: true,
      tenant: { ...DEFAULT_TENANT, ...plan.tenant },
      deadlineMs: plan.deadlineMs ?? Infinity,
    });
    simulator.submitAt(atMs, order);
  };
  const turns: SimulatedTurn[] = [];
  const failures: FailedTurn[] = [];
  const next = ({ id, endMs }: { id: number; endMs: number }): void =>
    submit(id % agents.length, Math.floor(id / agents.length) + 1, endMs);
  for (const [agent, { startMs }] of agents.entries()) submit(agent, 0, startMs);
  simulator.run(
    (turn) => {
      turns.push(turn);
      next(turn);
    },
    {
      untilMs,
      onFailure: (turn) => {
        failures.push(turn);
        next(turn);
      },
    },
  );
  simulator.loop.checkInvariants();
  return { turns, failures };
}

/** Latencies of one agent of `tenant` beside `others`. */
const latencies = (tenant: string, others: readonly Agent[]): number[] => {
  const agents = [{ tenant: { name: tenant }, startMs: 30_000 }, ...others];
  const { turns } = play(agents, 300_000);
  return turns.filter(({ id }) => id % agents.length === 0).map(({ atMs, endMs }) => endMs - atMs);
};

const work = ({ usage }: SimulatedTurn): number =>
  usage.promptTokens - usage.cachedTokens + DECODE_ROW_COST * usage.outputTokens;

const mean = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0) / values.length;

describe.skipIf(sharedAbsent)("tenants over recorded sessions", () => {
  it("get what their weights say, within 10 percent", () => {
    const weights = [1, 2, 4];
    const agents = weights.flatMap((weight) =>
      Array.from({ length: 6 }, () => ({ tenant: { name: `weight ${weight}`, weight }, startMs: 0 })),
    );
    const { turns } = play(agents, 900_000);
    const done = weights.map((_, index) =>
      turns
        .filter(({ id }) => Math.floor((id % agents.length) / 6) === index)
        .reduce((sum, turn) => sum + work(turn), 0),
    );
    const total = done.reduce((sum, each) => sum + each, 0);
    for (const [index, weight] of weights.entries()) {
      const share = (done[index] ?? 0) / total / (weight / 7);
      expect(share, `weight ${weight}`).toBeGreaterThan(0.9);
      expect(share, `weight ${weight}`).toBeLessThan(1.1);
    }
  });

  it("do not starve behind another's flood", () => {
    const flood = Array.from({ length: 20 }, (): Agent => ({ tenant: { name: "flood" }, startMs: 0 }));
    const [alone, apart, inLine] = [latencies("lone", []), latencies("lone", flood), latencies("flood", flood)];
    // Its own share is half the machine; in line with the flood it is one of 21.
    expect(mean(apart)).toBeLessThan(mean(inLine) / 4);
    // It waits for the step that runs, and for its own prompt and answer beside others.
    expect(mean(apart)).toBeLessThan(LONGEST_STEP_MS + mean(alone));
  });

  it("have their deadlines kept or are told in time", () => {
    const deadlineMs = 20_000;
    const agents = Array.from({ length: 12 }, (_, index) => ({
      tenant: { name: `tenant ${index % 2}` },
      startMs: 0,
      ...(index < 6 ? { deadlineMs } : {}),
    }));
    const { turns, failures } = play(agents, 300_000);
    expect(turns.length).toBeGreaterThan(50);
    expect(failures.length).toBeGreaterThan(0);
    for (const { atMs, endMs } of turns.filter(({ id }) => id % 12 < 6)) {
      // A step runs when it comes, and another when its time is up.
      expect(endMs - atMs).toBeLessThanOrEqual(deadlineMs + 2 * LONGEST_STEP_MS);
    }
    for (const { id, atMs, endMs, code } of failures) {
      expect([code, id % 12 < 6]).toEqual(["deadline_exceeded", true]);
      expect(endMs - atMs).toBeLessThanOrEqual(deadlineMs + 2 * LONGEST_STEP_MS);
    }
  });

  it("get the same at the same times whenever it is played again", () => {
    const agents = Array.from({ length: 9 }, (_, index) => ({
      tenant: { name: `tenant ${index % 3}`, weight: 1 + (index % 3), priority: index % 2 },
      startMs: index * 500,
      deadlineMs: 30_000,
    }));
    expect(play(agents, 60_000)).toEqual(play(agents, 60_000));
  });
});
