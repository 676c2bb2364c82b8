/** How a program ends that is told to, loses its launcher, or has nobody left who reads what it says. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { writeRandomModel } from "../../src/models/random/random-model.ts";
import { LoopbackHub } from "../support/loopback-hub.ts";
import { tinyModelFile } from "../support/random-model-file.ts";
import { PROGRAM, cliResult, startCli, testEnvironment, waitForLine } from "./support/run-cli.ts";

const MODEL = tinyModelFile();
const SERVE = ["serve", MODEL, "--port", "0", "--backend", "interpreter", "--log-level", "silent"];

const pause = (): Promise<void> => new Promise((go) => setTimeout(go, 5));

test.each(["SIGINT", "SIGTERM"] as const)("%s ends work that never yields, by the signal", async (signal) => {
  const folder = mkdtempSync(join(tmpdir(), "turnwise-signals-"));
  try {
    const child = startCli(["synth", "llama-3.2-1b:f16", join(folder, "large.gguf")]);
    const ended = once(child, "close");
    onTestFinished(() => void child.kill("SIGKILL"));
    while (readdirSync(folder).length === 0) await pause();
    child.kill(signal);
    expect(await ended).toEqual([null, signal]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** The program below a shell, as npm runs it, in a process group of its own, as a terminal gives it. */
function startUnderShell() {
  const command = ["-c", '"$0" "$@"; exit $?', process.execPath, PROGRAM, ...SERVE];
  const shell = spawn("/bin/sh", command, {
    env: testEnvironment({ npm_command: "exec" }),
    cwd: tmpdir(),
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => signalGroup(shell, "SIGKILL"));
  return shell;
}

/** Whoever of the group is still there. */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

test("under npm it ends with the shell that started it", async () => {
  const shell = startUnderShell();
  const ended = cliResult(shell);
  await waitForLine(shell, "stderr", /listening on/);
  shell.kill("SIGTERM");
  // Closed when the server, too, has closed it.
  expect((await ended).stderr).toContain("SIGTERM: finishing the running requests");
});

test("Ctrl-C, which ends the shell as well, counts once", async () => {
  const shell = startUnderShell();
  const ended = cliResult(shell);
  const url = (await waitForLine(shell, "stderr", /listening on/)).replace(/^.*listening on /, "").trim();
  const answer = answerOf(url);
  await untilRunning(url);
  signalGroup(shell, "SIGINT");
  expect(await answer).toMatchObject({ usage: { completion_tokens: 100 } });
  expect((await ended).stderr).not.toContain("again");
});

test("a SIGHUP while serve pulls its model ends nothing, and is answered when there is a server", async () => {
  const folder = mkdtempSync(join(tmpdir(), "turnwise-hangup-"));
  const hub = await LoopbackHub.start();
  onTestFinished(async () => {
    await hub.close();
    rmSync(folder, { recursive: true });
  });
  const file = join(folder, "tiny-Q8_0.gguf");
  writeRandomModel(file, "tiny", "q8_0", 1);
  hub.put("someone/tiny-GGUF", "tiny-Q8_0.gguf", readFileSync(file));
  hub.faults.chunkMs = 50;
  const env = { HF_ENDPOINT: hub.endpoint, HF_HOME: folder, HF_TOKEN: "", TURNWISE_CACHE_DIR: join(folder, "cache") };
  const child = startCli(["serve", "hf:someone/tiny-GGUF:Q8_0", "--port", "0", "--backend", "interpreter"], env);
  const ended = cliResult(child);
  await waitForLine(child, "stderr", /^pulling /);
  child.kill("SIGHUP");
  hub.faults.chunkMs = 0;
  await waitForLine(child, "stderr", /listening on/);
  child.kill("SIGTERM");
  expect(await ended).toMatchObject({ code: 0, stderr: expect.stringContaining("SIGHUP: settings reloaded\n") });
});

test("what is said to nobody does not end the running requests", async () => {
  const child = startCli(SERVE);
  const ended = once(child, "exit");
  const url = (await waitForLine(child, "stderr", /listening on/)).replace(/^.*listening on /, "").trim();
  onTestFinished(() => void child.kill("SIGKILL"));
  child.stderr.destroy();
  const answer = answerOf(url);
  await untilRunning(url);
  child.kill("SIGTERM");
  expect(await answer).toMatchObject({ usage: { completion_tokens: 100 } });
  expect(await ended).toEqual([0, null]);
});

async function answerOf(url: string): Promise<unknown> {
  const response = await fetch(`${url}/v1/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ prompt: "Hello", max_tokens: 100, ignore_eos: true }),
  });
  return response.json();
}

async function untilRunning(url: string): Promise<void> {
  while (!/requests_running\S* [1-9]/.test(await (await fetch(`${url}/metrics`)).text())) await pause();
}
