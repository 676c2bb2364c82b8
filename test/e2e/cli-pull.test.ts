/** `pull`, `models` and MODEL by a hub's name, as a user types them. */

import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { writeRandomModel } from "../../src/models/random/random-model.ts";
import { NATIVE_MISSING } from "../support/native-addon.ts";
import { LoopbackHub } from "../support/loopback-hub.ts";
import { type CliResult, cliResult, runCli, startCli } from "./support/run-cli.ts";

const REPO = "someone/tiny-GGUF";
const NAME = `hf:${REPO}:Q8_0`;
const FILE = "tiny-Q8_0.gguf";
const ASK = ["-p", "Hello", "--max-tokens", "3", "--backend", "interpreter"];

let hub: LoopbackHub;
let cache: string;
let model: Buffer;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), "turnwise-hub-"));
  writeRandomModel(join(folder, FILE), "tiny", "q8_0", 1);
  hub = await LoopbackHub.start();
  model = readFileSync(join(folder, FILE));
  hub.put(REPO, FILE, model);
  rmSync(folder, { recursive: true });
});
afterAll(() => hub.close());
beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), "turnwise-cli-pull-"));
  hub.seen.length = 0;
  Object.assign(hub.faults, { cuts: [], chunkMs: 0, refusal: null });
  return () => rmSync(cache, { recursive: true });
});

const environment = (): NodeJS.ProcessEnv => ({
  HF_ENDPOINT: hub.endpoint,
  HF_HOME: join(cache, "no-home"),
  HF_TOKEN: "",
  TURNWISE_CACHE_DIR: cache,
});
const cli = (...args: string[]): Promise<CliResult> => runCli(args, { env: environment() });
const path = (): string => join(cache, "models", REPO, FILE);

test("what was pulled is not fetched again, and runs by its name", async () => {
  const pulled = await cli("pull", NAME);
  expect(pulled).toMatchObject({ code: 0, stdout: `${path()}\n` });
  expect(pulled.stderr).toMatch(/^pulling someone\/tiny-GGUF Q8_0 at 1{12}, \d.*\n {2}tiny-Q8_0\.gguf .*\n$/);
  expect((await cli("pull", NAME)).stderr).toMatch(/all of it is there\n$/);
  const asked = hub.seen.length;
  expect(await cli("run", `${REPO}:tiny-Q8_0`, ...ASK)).toMatchObject({ code: 0 });
  expect(hub.seen.length).toBe(asked);
});

test("what was pulled is listed, and goes", async () => {
  await cli("pull", NAME);
  expect((await cli("models", "ls")).stdout).toMatch(/^ {2}someone\/tiny-GGUF:Q8_0 .*KiB +1{12}\n$/);
  const removed = await cli("models", "rm", REPO);
  expect(removed).toMatchObject({ code: 0, stderr: expect.stringContaining(`removed hf:${REPO}`) });
  expect(readdirSync(join(cache, "models"))).toEqual([]);
  expect(await cli("models", "rm", REPO)).toMatchObject({ code: 2, stderr: expect.stringContaining("is not among") });
});

test.skipIf(NATIVE_MISSING)("its packed weights go with a model, unless they are to stay", async () => {
  const packs = async (): Promise<unknown> => JSON.parse((await cli("cache", "ls", "--json")).stdout);
  await cli("pull", NAME);
  await cli("pack", REPO);
  expect((await cli("models", "rm", REPO, "--keep-packs")).stderr).not.toContain("packed");
  expect(await packs()).toHaveLength(1);
  await cli("pull", NAME);
  await cli("pack", REPO);
  expect((await cli("models", "rm", REPO)).stderr).toMatch(/ and its packed weights, .* freed\n$/);
  expect(await packs()).toEqual([]);
});

test("run pulls what hf: names and is not there yet", async () => {
  const result = await cli("run", NAME, ...ASK);
  expect(result).toMatchObject({ code: 0, stderr: expect.stringContaining("pulling someone/tiny-GGUF Q8_0") });
  expect(existsSync(path())).toBe(true);
});

test("run pulls a quantisation that hf: names where another one is there", async () => {
  const repo = "someone/both-GGUF";
  hub.put(repo, FILE, model);
  hub.put(repo, "tiny-Q4_0.gguf", model);
  await cli("pull", `hf:${repo}:Q8_0`);
  expect(await cli("run", `hf:${repo}:Q4_0`, ...ASK)).toMatchObject({
    code: 0,
    stderr: expect.stringContaining("Q4_0"),
  });
  expect(await cli("run", `${repo}:Q2_K`, ...ASK)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(`${repo} has no Q2_K. It has: `),
  });
});

test("the next run goes on after Ctrl-C", async () => {
  hub.faults.chunkMs = 50;
  const child = startCli(["pull", NAME], environment());
  const ended = cliResult(child);
  const folder = join(cache, "models", REPO);
  while (!existsSync(folder) || !readdirSync(folder).some((name) => name.endsWith(".part"))) await pause();
  child.kill("SIGINT");
  expect(await ended).toMatchObject({ code: 130, stderr: expect.stringContaining("the same command goes on") });
  expect((await cli("models", "ls")).stdout).toContain("incomplete");
  hub.faults.chunkMs = 0;
  expect(await cli("pull", NAME)).toMatchObject({ code: 0 });
});

test.each([
  [["pull", `hf:${REPO}`], 2, "has no Q4_K_M or Q4_0. It has: Q8_0 ("],
  [
    ["run", "someone/else", "-p", "x"],
    1,
    "Cannot read someone/else: there is no such file or folder, nor was such a model pulled; hf:someone/else is one to fetch\n",
  ],
  [["pull", "hf:someone/else"], 2, " has no someone/else.\n"],
  [["pull", `hf:${REPO}@v2`], 2, ` has no revision v2 in ${REPO}.\n`],
  [["models", "rm"], 2, "turnwise models rm needs NAME."],
  [["models", "rm", REPO, "--json"], 2, "Option --json: turnwise models rm does not take it."],
  [["models", "ls", "--keep-packs"], 2, "Option --keep-packs: turnwise models ls does not take it."],
  [["models", "ls", REPO], 2, "Too many arguments for turnwise models ls"],
])("%j says why not", async (args, code, text) => {
  expect(await cli(...args)).toMatchObject({ code, stdout: "", stderr: expect.stringContaining(text) });
});

test("a licence to be accepted is named with its page", async () => {
  hub.faults.refusal = { status: 401, code: "GatedRepo" };
  const { code, stderr } = await cli("pull", NAME);
  expect([code, stderr]).toEqual([2, expect.stringContaining(`open ${hub.endpoint}/${REPO} with your account`)]);
});

const pause = (): Promise<void> => new Promise((go) => setTimeout(go, 5));
