import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { type AgentSession, type ReplayTurn, UNRECORDED_START } from "./agent-session.ts";
import type { ChatTurnRequest, ChatTurnResult } from "./chat-stream.ts";
import { type ReplayClock, replay } from "./replay.ts";

/** Time that moves only when everyone waits. */
class VirtualClock implements ReplayClock {
  #nowMs = 1000;
  readonly #sleepers: { readonly atMs: number; readonly wake: () => void }[] = [];

  now(): number {
    return this.#nowMs;
  }

  async waitUntil(atMs: number): Promise<void> {
    if (atMs <= this.#nowMs) return;
    await new Promise<void>((wake) => this.#sleepers.push({ atMs, wake }));
  }

  /** Runs until `work` is done. */
  async run<T>(work: Promise<T>): Promise<T> {
    const ended = { value: false };
    void work.finally(() => (ended.value = true));
    while (!ended.value) {
      await new Promise((resolve) => setImmediate(resolve));
      this.#sleepers.sort((a, b) => a.atMs - b.atMs);
      const next = this.#sleepers.shift();
      if (next === undefined) continue;
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.wake();
    }
    return work;
  }
}

const turn = (fields: Partial<ReplayTurn> = {}): ReplayTurn => ({
  thinkMs: 0,
  keptMessages: null,
  messages: [{ role: "user", content: "Hi" }],
  outputTokens: 2,
  acts: false,
  ...fields,
});

const session = (id: string, turns: readonly ReplayTurn[]): AgentSession => ({ id, start: UNRECORDED_START, turns });

const ANSWER = { text: "", deltaMs: [], promptTokens: 5, outputTokens: 2, cachedTokens: 0, failure: null };

/** A server that takes `ms` for each answer and serves one at a time. */
function serialServer(clock: VirtualClock, ms: number, result: Partial<ChatTurnResult> = {}) {
  const requests: ChatTurnRequest[] = [];
  let freeAtMs = 0;
  const send = async (request: ChatTurnRequest): Promise<ChatTurnResult> => {
    requests.push({ ...request, messages: [...request.messages] });
    freeAtMs = Math.max(freeAtMs, clock.now()) + ms;
    await clock.waitUntil(freeAtMs);
    const answer = `answer ${requests.length}`;
    return { ...ANSWER, text: answer, deltaMs: [clock.now()], ...result };
  };
  return { send, requests };
}

/** A server that never answers. */
async function stall({ signal }: ChatTurnRequest): Promise<ChatTurnResult> {
  if (!signal.aborted) await once(signal, "abort");
  return { ...ANSWER, failure: "the operation was aborted" };
}

const options = (clock: ReplayClock) => ({ clock, turnTimeoutMs: 60_000, signal: new AbortController().signal });

describe("replay", () => {
  it("begins sessions on time and waits for answers and gaps inside them", async () => {
    const clock = new VirtualClock();
    const { send, requests } = serialServer(clock, 100);
    const two = session("a", [turn(), turn({ thinkMs: 50, messages: [{ role: "user", content: "More" }] })]);
    const records = await clock.run(replay([two], [500], send, options(clock)));
    expect(records.map(({ intendedMs, endMs }) => [intendedMs, endMs])).toEqual([
      [1500, 1600],
      [1650, 1750],
    ]);
    expect(requests[1]?.messages).toEqual([
      { role: "user", content: "Hi" },
      { role: "assistant", content: "answer 1" },
      { role: "user", content: "More" },
    ]);
  });

  it("counts the time that a busy server makes others wait", async () => {
    const clock = new VirtualClock();
    const { send } = serialServer(clock, 100);
    const sessions = ["a", "b", "c"].map((id) => session(id, [turn()]));
    const records = await clock.run(replay(sessions, [0, 0, 0], send, options(clock)));
    expect(records.map(({ intendedMs, endMs }) => endMs - intendedMs)).toEqual([100, 200, 300]);
  });

  it("cuts the history back where the agent did", async () => {
    const clock = new VirtualClock();
    const { send, requests } = serialServer(clock, 1);
    const compacted = turn({ keptMessages: 1, messages: [{ role: "user", content: "Summary" }] });
    await clock.run(replay([session("a", [turn(), compacted])], [0], send, options(clock)));
    expect(requests[1]?.messages.map(({ content }) => content)).toEqual(["Hi", "Summary"]);
  });

  it("fails a turn of the wrong length, and plays no more of its session", async () => {
    const clock = new VirtualClock();
    const { send, requests } = serialServer(clock, 1, { outputTokens: 1 });
    const records = await clock.run(replay([session("a", [turn(), turn()])], [0], send, options(clock)));
    expect(requests).toHaveLength(1);
    expect(records[0]?.failure).toContain("1 tokens, 2 were asked for");
  });

  it("counts the turns behind a failure as failures, and goes on with the other sessions", async () => {
    const clock = new VirtualClock();
    const working = serialServer(clock, 1);
    const send = async (request: ChatTurnRequest): Promise<ChatTurnResult> =>
      request.messages.length === 3
        ? { ...ANSWER, deltaMs: [clock.now()], outputTokens: 0, failure: "refused" }
        : working.send(request);
    const sessions = [session("a", [turn(), turn(), turn(), turn({ acts: true })]), session("b", [turn()])];
    const records = await clock.run(replay(sessions, [0, 10], send, options(clock)));
    expect(records.map(({ session: id, index, failure, isPlayed }) => [id, index, failure, isPlayed])).toEqual([
      ["a", 0, null, true],
      ["a", 1, "refused", true],
      ["a", 2, "not played: turn 2 failed", false],
      ["a", 3, "not played: turn 2 failed", false],
      ["b", 0, null, true],
    ]);
    // What had come of the answer that failed is kept, for the gaps.
    expect(records[1]?.deltaMs).toHaveLength(1);
    expect(records[3]).toMatchObject({ acts: true, deltaMs: [], promptTokens: 0 });
  });

  it("says of a turn that was given up how long it had", async () => {
    const clock = new VirtualClock();
    const records = await replay([session("a", [turn()])], [0], stall, { ...options(clock), turnTimeoutMs: 5 });
    expect(records.map(({ failure }) => failure)).toEqual(["took longer than 5 ms"]);
  });

  it("has no record of what an interrupt cut short or kept from being sent", async () => {
    const clock = new VirtualClock();
    const { send } = serialServer(clock, 100);
    const interrupt = new AbortController();
    const sessions = [session("a", [turn(), turn()]), session("b", [turn()])];
    const records = await clock.run(
      replay(sessions, [0, 0], send, {
        ...options(clock),
        signal: interrupt.signal,
        onTurn: () => interrupt.abort(),
      }),
    );
    expect(records.map(({ session: id, index }) => [id, index])).toEqual([["a", 0]]);
  });
});
