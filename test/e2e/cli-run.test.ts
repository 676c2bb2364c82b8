/** `run`, `chat`, `tokenize`, `inspect` and `doctor` as processes, on a small model of random weights or the built-in one. */

import { expect, test } from "vitest";
import { tinyModelFile } from "../support/random-model-file.ts";
import { cliResult, runCli, startCli } from "./support/run-cli.ts";

interface RunOutput {
  readonly text: string;
  readonly tokens: readonly number[];
  readonly promptTokens: number;
  readonly finishReason: string;
  readonly timings: Readonly<Record<string, number>>;
}

const MODEL = tinyModelFile();
const SHORT = ["--max-tokens", "12", "--seed", "7"];

async function runJson(...args: readonly string[]): Promise<RunOutput> {
  const { code, stdout, stderr } = await runCli(["run", MODEL, ...args, "--json"]);
  expect(stderr).toBe("random weights: output is meaningless\n");
  expect(code).toBe(0);
  return JSON.parse(stdout) as RunOutput;
}

test("run prints only the text on standard output, and the notice of random weights beside it", async () => {
  const plain = await runCli(["run", MODEL, "-p", "Hello", ...SHORT]);
  expect(plain).toMatchObject({ code: 0, stderr: "random weights: output is meaningless\n" });
  const json = await runJson("-p", "Hello", ...SHORT);
  expect(plain.stdout).toBe(json.text);
  expect(json.tokens).toHaveLength(12);
  expect(json).toMatchObject({ finishReason: "length" });
  expect(Object.keys(json).toSorted()).toEqual(["finishReason", "promptTokens", "text", "timings", "tokens"]);
  expect(Object.keys(json.timings).toSorted()).toEqual(["decodeMs", "loadMs", "prefillMs", "queueMs"]);
});

test("the chat template makes the prompt longer than --raw does; - reads standard input unchanged", async () => {
  const chat = await runJson("-p", "Hello", ...SHORT);
  const raw = await runJson("-p", "Hello", "--raw", ...SHORT);
  expect(chat.promptTokens).toBeGreaterThan(raw.promptTokens);
  const piped = await runCli(["run", MODEL, "-p", "-", "--raw", "--json", ...SHORT], { input: "Hello" });
  expect(JSON.parse(piped.stdout)).toMatchObject({ tokens: raw.tokens, promptTokens: raw.promptTokens });
  const newline = await runCli(["run", MODEL, "-p", "-", "--raw", "--json", ...SHORT], { input: "Hello\n" });
  expect((JSON.parse(newline.stdout) as RunOutput).promptTokens).toBeGreaterThan(raw.promptTokens);
});

test("a prompt beyond the context is refused with the numbers", async () => {
  const result = await runCli(["run", MODEL, "-p", "Hello ".repeat(100), "--raw", "--ctx", "64"]);
  expect(result).toMatchObject({ code: 1, stdout: "" });
  expect(result.stderr).toMatch(/This model's context is 64 tokens; the request asks for \d+/);
});

test("input that is not UTF-8 is refused", async () => {
  const result = await runCli(["run", MODEL, "-p", "-"], { input: Uint8Array.of(0x48, 0xff, 0x48) });
  expect(result).toEqual({ code: 1, stdout: "", stderr: "turnwise: standard input is not valid UTF-8 text.\n" });
});

test("SIGINT ends a run with what it has and exit code 130", async () => {
  const child = startCli([
    "run",
    MODEL,
    "-p",
    "Hello",
    "--temperature",
    "5",
    "--seed",
    "4",
    "--backend",
    "interpreter",
  ]);
  const ended = cliResult(child);
  child.stdout.once("data", () => child.kill("SIGINT"));
  const { code, stdout } = await ended;
  expect(code).toBe(130);
  expect(stdout.length).toBeGreaterThan(0);
});

test("a reader that leaves ends a run without an error", async () => {
  const child = startCli(["run", MODEL, "-p", "Hello", "--backend", "interpreter"]);
  const ended = cliResult(child);
  child.stdout.once("data", () => child.stdout.destroy());
  const { code, stderr } = await ended;
  expect(code).toBe(0);
  expect(stderr).toBe("random weights: output is meaningless\n");
});

test("chat answers each line of a pipe and obeys its commands", async () => {
  const result = await runCli(["chat", MODEL, ...SHORT], {
    input: "/system Be brief.\nHello\n/help\nAgain\n/exit\nNever\n",
  });
  expect(result).toMatchObject({ code: 0, stderr: "random weights: output is meaningless\n" });
  expect(result.stdout.length).toBeGreaterThan(2);
});

test("a refused turn ends a chat that is fed by a pipe", async () => {
  const result = await runCli(["chat", MODEL, "--ctx", "64"], { input: `${"Hello ".repeat(100)}\nHello\n` });
  expect(result).toMatchObject({ code: 1, stdout: "" });
  expect(result.stderr).toContain("This model's context is 64 tokens");
});

test("an option beyond the model's limit is named as the flag it is", async () => {
  const result = await runCli(["run", MODEL, "-p", "Hello", "--ctx", "1000000"]);
  expect(result).toMatchObject({ code: 2, stdout: "" });
  expect(result.stderr).toContain("Option --ctx: ");
});

test("inspect prints a report, JSON, and a pass", async () => {
  const model = await builtInPath();
  const text = await runCli(["inspect", model]);
  expect(text).toMatchObject({ code: 0, stderr: "" });
  expect(text.stdout).toMatch(/general\.architecture\s+"llama"/);
  expect(text.stdout).toContain("token_embd.weight");
  const json = JSON.parse((await runCli(["inspect", model, "--json"])).stdout) as {
    readonly architecture: string;
    readonly tensors: readonly { readonly name: string; readonly bytes: number }[];
    readonly program: { readonly decode: { readonly flops: number; readonly bytes: number } };
  };
  expect(json.architecture).toBe("llama");
  expect(json.tensors.find(({ name }) => name === "token_embd.weight")?.bytes).toBeGreaterThan(0);
  expect(json.program.decode.bytes).toBeGreaterThan(0);
  const dump = await runCli(["inspect", model, "--dump", "nonsense"]);
  expect(dump).toMatchObject({ code: 2, stdout: "" });
  expect(dump.stderr).toContain("There is no pass named nonsense. Passes: ");
});

async function tokenizeJson(args: readonly string[], input = ""): Promise<{ tokens: number[]; pieces: string[] }> {
  const result = await runCli(["tokenize", MODEL, ...args, "--json"], { input });
  expect(result).toMatchObject({ code: 0, stderr: "" });
  return JSON.parse(result.stdout) as { tokens: number[]; pieces: string[] };
}

test("tokenize prints ids and pieces, byte for byte, and BOS only when asked", async () => {
  const hello = await tokenizeJson(["Hello"]);
  expect(hello.pieces.join("")).toBe("Hello");
  expect(hello.tokens).toHaveLength(hello.pieces.length);
  expect(await tokenizeJson(["-"], "Hello")).toEqual(hello);
  expect((await tokenizeJson(["-"], "Hello\n")).tokens.length).toBe(hello.tokens.length + 1);
  const withBos = await tokenizeJson(["Hello", "--bos"]);
  expect(withBos.tokens.slice(1)).toEqual(hello.tokens);
});

test("doctor names the machine, the core and a passing self-test", async () => {
  const result = await runCli(["doctor"]);
  expect(result).toMatchObject({ code: 0, stderr: "" });
  expect(result.stdout).toMatch(/node\s+v\d+/);
  expect(result.stdout).toMatch(/self-test\s+(passed|not run: there is no native core)/);
});

async function builtInPath(): Promise<string> {
  const { stdout } = await runCli(["inspect", "--json"]);
  return (JSON.parse(stdout) as { readonly path: string }).path;
}
