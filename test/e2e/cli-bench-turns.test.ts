/** `turnwise bench turns` as a user runs it: against a server of its own, and against others that work, fail and stall. */

import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { afterAll, expect, onTestFinished, test } from "vitest";
import type { TurnsReport } from "../../src/bench/turns/turns-report.ts";
import { cliResult, runCli, startCli } from "./support/run-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "turnwise-bench-turns-"));
afterAll(() => rmSync(folder, { recursive: true }));

const SIZES = "--sessions 2 --turns 3 --system-tokens 40 --turn-tokens 20 --output-tokens 6";
const SHORT = `bench turns ${SIZES} --arrivals burst --think 0`.split(" ");

/** A server on loopback until the test ends; gives its base URL. */
async function serverOf(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}

const event = (chunk: object): string => `data: ${JSON.stringify(chunk)}\n\n`;
const THOUGHT = event({ choices: [{ delta: { reasoning_content: "Hm" } }] });

/** Thinks, answers the first turn of each session, and refuses what follows. */
async function answerOnce(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { messages, max_tokens: tokens } = (await json(request)) as {
    readonly messages: readonly unknown[];
    readonly max_tokens: number;
  };
  if (messages.length > 2) {
    response.writeHead(503).end("full");
    return;
  }
  const usage = { prompt_tokens: 30, completion_tokens: tokens };
  response.end(THOUGHT + event({ choices: [{ delta: { content: "Yes" } }] }) + event({ choices: [], usage }));
}

test("its own server of the built-in model plays every turn, into JSON and a page", async () => {
  const html = join(folder, "turns.html");
  const { code, stdout, stderr } = await runCli([...SHORT, "--threads", "1", "--json", "--html", html]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const report = JSON.parse(stdout) as TurnsReport & { readonly facts: readonly string[] };
  expect(report).toMatchObject({ planned: 6, turns: 6, interrupted: false, sessions: 2, failures: 0, unplayed: 0 });
  expect(report.facts[0]).toBe("2 sessions: generated; arrivals: burst; seed 1");
  expect(report.turnMs).toMatchObject({ count: 6, p50: { value: expect.any(Number), low: expect.any(Number) } });
  // Of six turns the 99th percentile has no upper bound.
  expect(report.turnMs?.p99.high).toBeNull();
  expect(report.cachedShare).toBeGreaterThan(0.3);
  const page = readFileSync(html, "utf8");
  expect(page.match(/<svg/g)).toHaveLength(2);
  expect(page).toContain("2 sessions: generated");
  expect(page).not.toMatch(/<script|NaN|undefined/);
});

test("turns behind a refusal count as failed, and thoughts as output", async () => {
  const url = await serverOf((request, response) => void answerOnce(request, response));
  const { code, stdout } = await runCli([...SHORT, "--url", url, "--model", "m", "--json"]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    planned: 6,
    turns: 6,
    failures: 4,
    unplayed: 2,
    failureReasons: { "503 full": 2 },
    turnMs: { count: 6, p50: { value: null } },
    gapMs: { count: 2 },
  });
  const table = await runCli([...SHORT, "--url", url, "--model", "m"]);
  expect(table.stdout).toMatch(/^ +turns +6$/m);
  expect(table.stdout).toMatch(/^ +2 +503 full$/m);
  expect(table.stdout).toMatch(/^ +2 +not played/m);
});

test("a server of which no turn succeeds is a failure", async () => {
  const url = await serverOf((_, response) => void response.writeHead(401).end("who are you"));
  const { code, stdout, stderr } = await runCli([...SHORT, "--url", url, "--model", "m", "--json"]);
  expect({ code, stderr }).toEqual({ code: 1, stderr: "no turn ended well: 401 who are you\n" });
  expect(JSON.parse(stdout)).toMatchObject({ turns: 6, failures: 6, goodShare: 0 });
});

test("an answer that stalls is given up, and leaves a gap without an end", async () => {
  const url = await serverOf((_, response) => void response.write(THOUGHT));
  const limits = ["--url", url, "--model", "m", "--turn-timeout", "300ms"];
  const { code, stdout } = await runCli([...SHORT, ...limits, "--json"]);
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    failureReasons: { "took longer than 300 ms": 2 },
    unplayed: 4,
    gapMs: { count: 2, p50: { value: null } },
  });
});

test("an interrupt prints what was measured, and that it is not all", async () => {
  const stalled = { turns: 0 };
  const url = await serverOf((_, response) => {
    stalled.turns += 1;
    response.write(THOUGHT);
  });
  const child = startCli([...SHORT, "--url", url, "--model", "m", "--json"]);
  onTestFinished(() => void child.kill("SIGKILL"));
  const ended = cliResult(child);
  while (stalled.turns < 2) await new Promise((go) => setTimeout(go, 5));
  child.kill("SIGINT");
  const { code, stdout, stderr } = await ended;
  expect({ code, stderr }).toEqual({ code: 130, stderr: "interrupted: the report is of 0 of 6 turns\n" });
  expect(JSON.parse(stdout)).toMatchObject({ planned: 6, turns: 0, interrupted: true, turnMs: null });
});

test("recorded arrivals need times of one clock", async () => {
  const { code, stdout, stderr } = await runCli([...SHORT, "--arrivals", "recorded"]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain("not recorded when these sessions began");
});
