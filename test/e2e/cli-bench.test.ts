/** `turnwise synth` and `turnwise bench` as a user runs them. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { BenchReport } from "../../src/bench/bench-report.ts";
import type { PausesReport } from "../../src/bench/pauses/pauses-report.ts";
import type { SessionsReport } from "../../src/bench/sessions/sessions-report.ts";
import type { StallsReport } from "../../src/bench/stalls/stalls-report.ts";
import { runCli } from "./support/run-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "turnwise-bench-test-"));
const model = join(folder, "tiny.gguf");
afterAll(() => rmSync(folder, { recursive: true }));

test("a written model is measured, in JSON with the documented names", async () => {
  expect(await runCli(["synth", "tiny:q8_0", model])).toMatchObject({ code: 0, stdout: "" });
  const { code, stdout } = await runCli([
    "bench",
    model,
    "--rounds",
    "2",
    "--cases",
    "prefill-32,forks-x2@64",
    "--json",
  ]);
  expect(code).toBe(0);
  const report: unknown = JSON.parse(stdout);
  const speed = { median: expect.any(Number), min: expect.any(Number), max: expect.any(Number) };
  expect(report).toMatchObject({
    machine: { threads: expect.any(Number), cpu: expect.any(String) },
    rounds: 2,
    cases: [
      { name: "prefill-32", tokensPerSecond: speed },
      { name: "forks-x2@64", tokensPerSecond: speed },
    ],
  });
});

test("models beside the first are measured in the same rounds, each case by its own name", async () => {
  const beside = ["--beside", `${model},tiny:f32+q4-g32`, "--cache-dir", folder, "--threads", "1"];
  const args = ["bench", model, ...beside, "--cases"];
  const { code, stdout } = await runCli([...args, "prefill-32,decode", "--rounds", "2", "--json"]);
  expect(code).toBe(0);
  const report = JSON.parse(stdout) as BenchReport;
  expect(report.beside.map(({ quant }) => quant)).toEqual(["none", "q4-g32"]);
  const [same, rounded] = report.beside;
  expect(same?.cases.map(({ name }) => name)).toEqual(["prefill-32", "decode"]);
  // Bytes a token are the model's own.
  expect(same?.cases[1]?.bytesPerToken).toBe(report.cases[1]?.bytesPerToken);
  expect(rounded?.cases[1]?.bytesPerToken).toBeLessThan(report.cases[1]?.bytesPerToken ?? 0);
  for (const each of [...(same?.cases ?? []), ...(rounded?.cases ?? [])]) {
    const { median, min, max } = each.timesFirst;
    expect(min).toBeGreaterThan(0);
    expect(median).toBeGreaterThanOrEqual(min);
    expect(median).toBeLessThanOrEqual(max);
  }
  const table = await runCli([...args, "decode", "--rounds", "1"]);
  expect(table.stdout).toMatch(/rounded to q4-g32\n\n +case +tokens\/s +of the first +min +max/);
});

test("many short sequences get the pages that they need, on a model of any context", async () => {
  const cases = "decode-x600@64,forks-x700@64";
  const args = ["bench", model, "--rounds", "1", "--threads", "1", "--cases", cases, "--json"];
  const { code, stdout } = await runCli(args);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ cases: [{ name: "decode-x600@64" }, { name: "forks-x700@64" }] });
});

test("what was measured is printed although a plot cannot be written", async () => {
  const nowhere = join(folder, "nowhere", "plot.svg");
  const quick = ["--rounds", "1", "--threads", "1", "--cases", "prefill-32"];
  const { code, stdout, stderr } = await runCli(["bench", model, ...quick, "--svg", nowhere]);
  expect(code).toBe(2);
  expect(stdout).toMatch(/^ +prefill-32 +[\d.]+/m);
  expect(stderr).toContain(`Cannot write ${nowhere}`);
});

test("the table says what was left out, and no case at all is an error", async () => {
  const table = await runCli(["bench", model, "--rounds", "1", "--threads", "1", "--cases", "decode,decode@8192"]);
  expect(table.stderr).toMatch(/^decode@8192 is left out: it needs a context of 8224 tokens, this model has 2048/);
  expect(table.stdout).toMatch(/^ +decode +[\d.]+ +[\d.]+ +[\d.]+/m);
  const nothing = await runCli(["bench", model, "--cases", "decode@8192"]);
  expect(nothing).toMatchObject({ code: 2, stdout: "" });
});

test.each([
  [["bench", model, "--synthetic", "tiny:f32"], "give one of the two"],
  [["bench", "--synthetic", "tinny:f32"], "Did you mean tiny?"],
  [["bench", "--cases", "decod"], "is no case"],
  [["bench", model, "--beside", "tiny:q9"], "there is no quantisation"],
  [["bench", model, "--beside", `${model},`], "names no model"],
  [["synth", "tiny", "out.gguf"], "is not SHAPE:QUANT"],
])("usage error %j", async (args, message) => {
  const result = await runCli(args);
  expect(result).toMatchObject({ code: 2, stdout: "" });
  expect(result.stderr).toContain(message);
});

test("turns behind a context compute what is new, in a session, a fork and all resent", async () => {
  const sizes = ["--context", "400", "--turn-tokens", "48", "--forks", "4", "--rounds", "1"];
  const { code, stdout } = await runCli(["bench", "sessions", model, ...sizes, "--json"]);
  expect(code).toBe(0);
  const { turns, forks } = JSON.parse(stdout) as SessionsReport;
  expect(turns.map(({ name }) => name)).toEqual([
    "bare prompt",
    "turn of a session",
    "turn of a fork",
    "all resent, calls parsed",
  ]);
  expect(turns.map(({ prefilledTokens }) => prefilledTokens)).toEqual([48, 48, 48, 48]);
  // All but the last token of the session, and what the template writes before a message.
  expect(turns[0]?.cachedTokens).toBe(0);
  for (const { cachedTokens } of turns.slice(1)) expect(cachedTokens).toBeGreaterThan(399);
  expect(forks).toMatchObject({ count: 4, pages: 0 });
  expect(forks.pagesWhileRunning).toBeGreaterThan(0);
  expect(forks.pagesWhileRunning).toBeLessThanOrEqual(2);
});

test("streams go on beside a long prompt, with a budget and without", async () => {
  const sizes = ["--streams", "2", "--prompt-tokens", "1200", "--budgets", "5", "--rounds", "1", "--threads", "1"];
  const { code, stdout, stderr } = await runCli(["bench", "stalls", model, ...sizes, "--json"]);
  expect([code, stderr]).toEqual([0, ""]);
  const { budgets, ...facts } = JSON.parse(stdout) as StallsReport;
  expect(facts).toMatchObject({ streams: 2, promptTokens: 1200, rounds: 1, threads: 1, cpu: expect.any(String) });
  expect(budgets.map(({ budgetMs, completed }) => [budgetMs, completed])).toEqual([
    [null, true],
    [5, true],
  ]);
  const [free, bound] = budgets;
  expect(free).toMatchObject({ limitMs: null, isWithinLimit: null, shareOfUnbounded: 1, sameWorkShare: 1 });
  expect(bound?.limitMs).toBeCloseTo(1.3 * (5 + (bound?.decodeStepMs ?? 0)));
  for (const { gapMs, generatedTokens, decodeStepMs, leadP99Ms, longestGaps } of budgets) {
    expect(gapMs.p50).toBeLessThanOrEqual(gapMs.p99);
    expect(decodeStepMs).toBeLessThanOrEqual(leadP99Ms);
    expect(longestGaps[0]?.[0]?.ms).toBe(gapMs.max);
    // The first and the last gap of each stream are cut by the prompt's beginning and end.
    expect(gapMs.count).toBeGreaterThanOrEqual(generatedTokens.median);
  }
});

test("pauses and memory of a server are told while it refuses, fills its context and takes tools", async () => {
  const sizes = ["--text", "100kB", "--streams", "2", "--requests", "2", "--baseline", "200ms", "--threads", "1"];
  // Settings of this shell reach the measured server as little as they reach those in this process.
  const env = { TURNWISE_API_KEY: "secret", TURNWISE_CTX: "64" };
  const { code, stdout, stderr } = await runCli(["bench", "pauses", model, ...sizes, "--json"], { env });
  expect([code, stderr]).toEqual([0, ""]);
  const { loads, memory, ...facts } = JSON.parse(stdout) as PausesReport;
  expect(facts).toMatchObject({ threads: 1, contextTokens: 2048, streams: 2, aims: { pauseMs: 10 } });
  expect(loads.map(({ name, requests }) => [name, requests])).toEqual([
    ["idle", 0],
    ["2 streams alone", 0],
    ["0.1 MB of text", 2],
    ["a full context", 2],
    ["20 tools", 2],
    ["all of these at once", 6],
  ]);
  expect(loads[2]).toMatchObject({ refused: 2, promptTokens: 0 });
  expect(loads[3]).toMatchObject({ refused: 0, promptTokens: expect.closeTo(2048 - 100, -2) });
  for (const { isBaseline, pauseMs, isWithinAim, answerMs } of loads) {
    expect(pauseMs.p50).toBeLessThanOrEqual(pauseMs.p99);
    expect(pauseMs.p99).toBeLessThanOrEqual(pauseMs.longest);
    expect(isWithinAim).toBe(isBaseline ? null : pauseMs.longest + 1 < 10);
    expect(answerMs === null).toBe(isBaseline);
  }
  expect(memory).toMatchObject({ weightBytes: expect.any(Number), anonymousWeightBytes: 0 });
  expect(memory.kvHeldBytes).toBeLessThanOrEqual(memory.kvPoolBytes);
  const told = [memory.anonymousBytes, memory.loadingBytes, memory.restBytes].filter((bytes) => bytes !== null);
  expect(told).toHaveLength(process.platform === "linux" ? 3 : 0);
});

test("a server that does not start is told with what it said", async () => {
  const args = ["bench", "pauses", model, "--backend", "native"];
  const { code, stdout, stderr } = await runCli(args, { env: { TURNWISE_NATIVE: "off" } });
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/A start that was to be measured failed: .*native core/);
});

test("a grammar bench gives compile and mask times, and what a grammar takes of the speed", async () => {
  const { code, stdout, stderr } = await runCli(["bench", "grammar", model, "--rounds", "1", "--cost", "--json"]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  const report = JSON.parse(stdout) as { cases: readonly { name: string }[] };
  const times = { count: expect.any(Number), mean: expect.any(Number), p99: expect.any(Number) };
  expect(report).toMatchObject({
    vocabulary: { tokens: expect.any(Number), buildMs: expect.any(Number) },
    all: { maskMicroseconds: times },
    costs: [1, 8].flatMap((sequences) =>
      ["calls", "string"].map((grammar) => ({ sequences, grammar, lostShare: expect.any(Number) })),
    ),
  });
  expect(report.cases.map(({ name }) => name)).toContain("maxLength 5000");
});

test.each([
  [["bench", "grammar", "--cost"], "it needs MODEL or --synthetic"],
  [["bench", "grammar", "--bfcl", folder], "has no file BFCL"],
  [["bench", "stalls", model], "it needs a context of 6088 tokens, this model has 2048"],
  [["bench", "stalls", model, "--budgets", "50,x"], 'not "x"'],
])("usage error %j", async (args, message) => {
  const result = await runCli(args);
  expect(result).toMatchObject({ code: 2, stdout: "" });
  expect(result.stderr).toContain(message);
});
