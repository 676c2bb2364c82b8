import { describe, expect, it } from "vitest";
import { haveRecordedStarts, startTimesMs } from "./arrivals.ts";
import type { AgentSession } from "./agent-session.ts";
import { generateSessions } from "./generated-sessions.ts";
import { createRandom } from "../../base/random.ts";
import { gamma } from "./distributions.ts";
import { readTauBench } from "./tau-bench.ts";
import { readTokenTraces } from "./token-trace.ts";

const words = (text: string): number => text.split(" ").length;

const request = (fields: object): object => ({ t: 0, in: 640, out: 64, hash_runs: [[1, 10]], ...fields });
const lines = (requests: readonly object[], fields: object = {}): string =>
  JSON.stringify({ id: "x", block_size: 64, requests, ...fields });

describe("readTokenTraces", () => {
  const options = { scale: 0.5, timeScale: 2, maxContextTokens: 10_000 };

  it("scales counts and times, and continues where the hashes do", () => {
    const followUp = request({ t: 9, in: 1024, think_time: 3, hash_runs: [[1, 16]], stop: "tool_use" });
    const [session] = readTokenTraces(lines([request({ t: 5 }), followUp], { system_tokens: 128 }), "f", options);
    expect(session?.start).toEqual({ kind: "arrives", recordedMs: 10_000 });
    const [first, second] = session?.turns ?? [];
    expect(first?.messages.map(({ role, content }) => [role, words(content)])).toEqual([
      ["system", 64],
      ["user", 256],
    ]);
    expect(first).toMatchObject({ keptMessages: 0, outputTokens: 32, thinkMs: 0, acts: false });
    // 640 + 64 tokens are there already.
    expect(second?.messages.map(({ content }) => words(content))).toEqual([160]);
    expect(second).toMatchObject({ keptMessages: 3, thinkMs: 6000, acts: true });
  });

  it("drops messages from where a later prompt differs", () => {
    const requests = [
      request({}),
      request({ in: 1280, hash_runs: [[1, 20]] }),
      request({
        in: 700,
        hash_runs: [
          [1, 9],
          [99, 2],
        ],
      }),
    ];
    const [session] = readTokenTraces(lines(requests), "f", options);
    const last = session?.turns[2];
    // 576 tokens are shared, less than the first message has.
    expect(last?.keptMessages).toBe(0);
    expect(words(last?.messages[0]?.content ?? "")).toBe(350);
  });

  const subagent = {
    type: "subagent",
    t: 4,
    agent_id: "agent_1",
    requests: [request({ in: 100, hash_runs: [[50, 2]] })],
  };

  it("makes a session of each subagent, which begins so long after its agent", () => {
    const requests = [request({ t: 1 }), subagent, request({ t: 9, in: 800, hash_runs: [[1, 13]] })];
    const sessions = readTokenTraces(lines(requests), "f", options);
    expect(sessions.map(({ id, start, turns }) => [id, start, turns.length])).toEqual([
      ["x", { kind: "arrives", recordedMs: 2000 }, 2],
      ["x/agent_1", { kind: "started", by: "x", afterMs: 6000 }, 1],
    ]);
  });

  it("lets a subagent begin by itself where its agent is left out", () => {
    const sessions = readTokenTraces(lines([request({ t: 1, in: 20_001 }), subagent]), "f", options);
    expect(sessions.map(({ id, start }) => [id, start])).toEqual([
      ["x/agent_1", { kind: "arrives", recordedMs: 8000 }],
    ]);
  });

  it("knows no starts of agents that all begin at 0, each by a clock of its own", () => {
    const sessions = readTokenTraces(`${lines([request({}), subagent])}\n${lines([request({})])}`, "f", options);
    expect(sessions.map(({ start }) => start)).toEqual([
      { kind: "arrives", recordedMs: null },
      { kind: "started", by: "x", afterMs: 8000 },
      { kind: "arrives", recordedMs: null },
    ]);
    expect(haveRecordedStarts(sessions)).toBe(false);
  });

  it("leaves out sessions beyond the context", () => {
    expect(readTokenTraces(lines([request({ in: 20_001 })]), "f", options)).toEqual([]);
  });

  it.each([["{"], [JSON.stringify({ id: "x" })], [lines([request({ in: -1 })])]])(
    "refuses %s, naming the line",
    (line) => {
      expect(() => readTokenTraces(`\n${lines([request({})])}\n${line}`, "f.jsonl", options)).toThrow(
        expect.objectContaining({ code: "trace_invalid", message: expect.stringMatching(/f\.jsonl.*line 2/s) }),
      );
    },
  );
});

describe("readTauBench", () => {
  it("makes a turn of each recorded answer", () => {
    const traj = [
      { role: "system", content: "Policy" },
      { role: "user", content: "Hello" },
      { role: "assistant", content: "x".repeat(40) },
      { role: "user", content: "Book it" },
      { role: "assistant", content: null, tool_calls: [{ function: { name: "book", arguments: "{}" } }] },
      { role: "tool", content: "done" },
      { role: "assistant", content: "Done." },
    ];
    const [session] = readTauBench(JSON.stringify([{ task_id: 3, trial: 1, traj }]), "f", 500);
    expect(session?.id).toBe("tau-3-1");
    expect(session?.turns.map(({ messages, acts, thinkMs }) => [messages.length, acts, thinkMs])).toEqual([
      [2, false, 0],
      [1, true, 500],
      [1, false, 500],
    ]);
    expect(session?.turns[0]?.outputTokens).toBe(10);
    expect(session?.turns[2]?.messages).toEqual([{ role: "user", content: "done" }]);
  });

  it("refuses what is none", () => {
    for (const text of ["", "{}", '[{"task_id": 1}]']) {
      expect(() => readTauBench(text, "f", 0)).toThrow(expect.objectContaining({ code: "trace_invalid" }));
    }
  });
});

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("generateSessions", () => {
  const shape = { sessions: 200, turns: 4, systemTokens: 50, turnTokens: 80, outputTokens: 20, thinkMs: 1000 };

  it("gives the same for a seed, and has the means that were asked for", () => {
    const sessions = generateSessions(shape, "s");
    expect(sessions).toEqual(generateSessions(shape, "s"));
    const turns = sessions.flatMap(({ turns: all }) => all);
    expect(mean(turns.map(({ outputTokens }) => outputTokens))).toBeCloseTo(20, -1);
    expect(mean(turns.map(({ messages }) => words(messages.at(-1)?.content ?? "")))).toBeGreaterThan(70);
    expect(new Set(sessions.map(({ turns: [first] }) => first?.messages[0]?.content)).size).toBe(1);
  });
});

const gapsOf = (starts: readonly number[]): number[] => starts.slice(1).map((ms, index) => ms - (starts[index] ?? 0));

const arriving = (id: string, recordedMs: number | null): AgentSession => ({
  id,
  start: { kind: "arrives", recordedMs },
  turns: [],
});
const startedBy = (by: string, afterMs: number): AgentSession => ({
  id: `${by}/sub`,
  start: { kind: "started", by, afterMs },
  turns: [],
});

describe("startTimesMs", () => {
  const sessions = generateSessions(
    { sessions: 4000, turns: 1, systemTokens: 0, turnTokens: 1, outputTokens: 1, thinkMs: 0 },
    "arrivals",
  );

  it.each([
    [{ kind: "poisson", perMinute: 60 } as const, 1],
    [{ kind: "gamma", perMinute: 60, variation: 3 } as const, 3],
  ])("has the rate and the variation of %o", (arrivals, variation) => {
    const gaps = gapsOf(startTimesMs(sessions, arrivals, "seed"));
    const average = mean(gaps);
    const deviation = Math.sqrt(mean(gaps.map((gap) => (gap - average) ** 2)));
    expect(average / 1000).toBeGreaterThan(0.85);
    expect(average / 1000).toBeLessThan(1.15);
    expect(deviation / average / variation).toBeGreaterThan(0.85);
    expect(deviation / average / variation).toBeLessThan(1.15);
  });

  it("takes recorded times from the first", () => {
    const recorded = [arriving("a", 3000), startedBy("a", 70), arriving("b", 1000), arriving("c", 2500)];
    expect(haveRecordedStarts(recorded)).toBe(true);
    expect(startTimesMs(recorded, { kind: "recorded" }, "")).toEqual([2000, 2070, 0, 1500]);
  });

  it("lets subagents follow their agents, and takes no arrivals for them", () => {
    const agents = [arriving("a", null), arriving("b", null)];
    const arrivals = { kind: "poisson", perMinute: 60 } as const;
    const [first = 0, second = 0] = startTimesMs(agents, arrivals, "seed");
    const [a, b] = agents;
    const all = [a, startedBy("a", 50), b, startedBy("b", 9)].flatMap((one) => one ?? []);
    expect(startTimesMs(all, arrivals, "seed")).toEqual([first, first + 50, second, second + 9]);
    expect(startTimesMs(all, { kind: "burst" }, "seed")).toEqual([0, 50, 0, 9]);
  });
});

it("gamma has mean 1 for shapes on both sides of 1", () => {
  for (const shape of [0.2, 1, 7]) {
    const random = createRandom(`gamma ${shape}`);
    const values = Array.from({ length: 20_000 }, () => gamma(random, shape));
    expect(mean(values)).toBeCloseTo(1, 1);
  }
});
