/**
 * The real scheduler over recorded sessions of a coding agent, under a virtual clock: 64-token blocks stand
 * for 4 tokens (a scale of 1/16), calls follow each other by the recorded think times.
 */

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { generationOrder } from "../support/generation-order.ts";
import { quantile, type SimulatedTurn, TurnSimulator } from "../support/turn-simulator.ts";
import { sharedAbsent, sharedPath } from "./support/shared-folder.ts";

const AGENTS = 8;
const CALLS = 10;
const BLOCK_TOKENS = 4;
const SCALE = 64 / BLOCK_TOKENS;
const BUDGET_MS = 150;

interface RecordedCall {
  readonly out: number;
  readonly think_time: number;
  /** [first id, count]: equal ids stand for equal blocks. */
  readonly hash_runs: readonly (readonly [first: number, count: number])[];
}

function recordedSessions(): (readonly RecordedCall[])[] {
  const text = gunzipSync(readFileSync(sharedPath("agentic/claude-code/traces-first-300-rle.jsonl.gz"))).toString();
  return (
    text
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { requests: Partial<RecordedCall>[] }).requests)
      // Groups of subagents are entries without blocks of their own.
      .map((requests) => requests.filter((request): request is RecordedCall => request.hash_runs !== undefined))
      .filter((calls) => calls.length >= CALLS)
      .slice(0, AGENTS)
      .map((calls) => calls.slice(0, CALLS))
  );
}

/** Each block as tokens of its own. */
function promptOf({ hash_runs: runs }: RecordedCall, agent: number): Int32Array {
  const tokens: number[] = [];
  for (const [first, count] of runs) {
    for (let block = first; block < first + count; block++) {
      for (let place = 0; place < BLOCK_TOKENS; place++)
        tokens.push(((block * 31 + agent * 7 + place * 3) ^ (block >> 3)) % 26);
    }
  }
  return Int32Array.from(tokens);
}

/** Replays all sessions over a pool of so many pages. */
function replay(sessions: readonly (readonly RecordedCall[])[], pages: number) {
  const simulator = new TurnSimulator({ pages, pageTokens: 32, maxStallMs: BUDGET_MS });
  const submit = (agent: number, call: number, atMs: number): void => {
    const recorded = sessions[agent]?.[call];
    if (recorded === undefined) return;
    const maxTokens = Math.max(1, Math.round(recorded.out / SCALE));
    const order = { id: agent * CALLS + call, prompt: promptOf(recorded, agent), maxTokens, ignoreEos: true };
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

const tenantOf = (agent: number) => ({ name: `agent ${agent}`, priority: 0, kvShare: 1 });

function commonLength(left: Int32Array, right: Int32Array): number {
  let length = 0;
  while (length < Math.min(left.length, right.length) && left[length] === right[length]) length += 1;
  return length;
}

describe.skipIf(sharedAbsent)("recorded sessions", () => {
  const sessions = sharedAbsent ? [] : recordedSessions();
  const finalTokens = sessions.map((calls, agent) => Math.max(...calls.map((call) => promptOf(call, agent).length)));
  const allPages = finalTokens.reduce((sum, tokens) => sum + Math.ceil((tokens + 500) / 32), 0);

  it("reuse all that a call shares with the calls before it, where memory holds it", () => {
    const { turns, simulator } = replay(sessions, 2 * allPages);
    expect(turns).toHaveLength(AGENTS * CALLS);
    for (const [agent, calls] of sessions.entries()) {
      const prompts = calls.map((call) => promptOf(call, agent));
      for (const [index, prompt] of prompts.entries()) {
        const shared = Math.max(0, ...prompts.slice(0, index).map((earlier) => commonLength(earlier, prompt)));
        const { usage } = turns.find(({ id }) => id === agent * CALLS + index) ?? {};
        expect(usage?.cachedTokens).toBeGreaterThanOrEqual(Math.min(shared, prompt.length - 1));
      }
    }
    const decodeMs = quantile(simulator.decodeStepMs, 0.9);
    const gaps = turns.flatMap((turn) => turn.gaps);
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
