/**
 * The first hour of somebody new, in the README's order: pull, run, chat, serve, ask; then what comes later: a
 * restart from packed weights, a newer version on the hub, the end of the model.
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeRandomModel } from "../../src/models/random/random-model.ts";
import { LoopbackHub } from "../support/loopback-hub.ts";
import { NATIVE_MISSING } from "../support/native-addon.ts";
import { mountSmallDisk, unmountDisk } from "../support/small-disk.ts";
import { type CliResult, cliResult, runCli, startCli, waitForLine } from "./support/run-cli.ts";

const REPO = "someone/tiny-GGUF";
const FILE = "tiny-Q4_0.gguf";
const NEW_COMMIT = "2".repeat(40);

let hub: LoopbackHub;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "turnwise-first-hour-"));
  hub = await LoopbackHub.start();
  hub.put(REPO, FILE, modelOf(1));
});
afterAll(async () => {
  await hub.close();
  rmSync(folder, { recursive: true });
});

function modelOf(seed: number): Buffer {
  const path = join(folder, `seed-${seed}.gguf`);
  writeRandomModel(path, "tiny", "q4_0", seed);
  return readFileSync(path);
}

const environment = (): NodeJS.ProcessEnv => ({
  HF_ENDPOINT: hub.endpoint,
  HF_HOME: folder,
  HF_TOKEN: "",
  TURNWISE_CACHE_DIR: join(folder, "cache"),
});
const cli = (args: readonly string[], input = ""): Promise<CliResult> => runCli(args, { input, env: environment() });

/** Serves the pulled model, asks it once, ends it; what it printed. */
async function served(): Promise<string> {
  const child = startCli(["serve", REPO, "--port", "0"], environment());
  const ended = cliResult(child);
  const url = (await waitForLine(child, "stderr", /listening on/)).replace(/^.*listening on /, "").trim();
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ temperature: 0, messages: [{ role: "user", content: "Hello" }], max_tokens: 4 }),
  });
  expect(await answer.json()).toMatchObject({ object: "chat.completion", usage: { completion_tokens: 4 } });
  child.kill("SIGTERM");
  const { code, stderr } = await ended;
  expect(code).toBe(0);
  return stderr;
}

test.skipIf(NATIVE_MISSING)("the first hour", { timeout: 120_000 }, async () => {
  expect(await cli(["pull", `hf:${REPO}`])).toMatchObject({ code: 0 });
  const run = ["run", REPO, "-p", "Hello", "--max-tokens", "4", "--temperature", "0"];
  const first = await cli(run);
  expect(first).toMatchObject({ code: 0, stdout: expect.stringMatching(/./) });
  expect(await cli(["chat", REPO, "--max-tokens", "4"], "Hello\n")).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/./),
  });
  expect(await served()).toContain("packed now");

  // A restart.
  const packed = await cli(["pack", REPO]);
  expect(packed.code).toBe(0);
  expect(await served()).toContain(packed.stdout.trim());

  // What is pulled stays what it is until it is pulled again; then nothing old is used.
  hub.put(REPO, FILE, modelOf(2));
  hub.commits.set("main", NEW_COMMIT);
  expect((await cli(run)).stdout).toBe(first.stdout);
  expect((await cli(["pull", `hf:${REPO}`])).code).toBe(0);
  expect((await cli(["models", "ls"])).stdout).toContain(NEW_COMMIT.slice(0, 12));
  const second = await cli(run);
  expect(second.code).toBe(0);
  expect(second.stdout).not.toBe(first.stdout);
  expect((await cli(["cache", "ls"])).stdout).toContain("its model has changed");

  expect((await cli(["models", "rm", REPO])).stderr).toContain("and its packed weights");
  expect(await cli(run)).toMatchObject({ code: 1, stderr: expect.stringContaining(`hf:${REPO} is one to fetch`) });
});

test("a disk without room for a model is named with what it has, what is needed, and what to do", async ({ skip }) => {
  const small = join(folder, "small");
  if (!mountSmallDisk(small, "1m")) skip("this user may not mount a small tmpfs");
  try {
    const { code, stdout, stderr } = await cli(["pull", `hf:${REPO}`, "--cache-dir", small]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^pulling someone\/tiny-GGUF Q4_0 at \w+, /);
    const [error = "", hint = ""] = stderr.trimEnd().split("\n").slice(-2);
    expect(error).toMatch(
      /^turnwise: \S+ has [\d.]+ (MiB|KiB) free; [\d.]+ (MiB|KiB) more are needed, and 64\.0 MiB to spare\.$/,
    );
    expect(hint).toBe("  turnwise models ls shows what the pulled models take; --cache-dir names another place.");
  } finally {
    unmountDisk(small);
  }
});
