/** The commands on real files: a story, its tokens, its perplexity, and files that cannot run. */

import { readFileSync } from "node:fs";
import { assert, describe, expect, test } from "vitest";
import { runCli } from "../e2e/support/run-cli.ts";
import { sharedAbsent, sharedPath } from "./support/shared-folder.ts";

interface GoldenRow {
  readonly prompt: string;
  readonly prompt_tokens: readonly number[];
  readonly tokens: readonly number[];
  readonly text: string;
}

const PROMPT = "Once upon a time";
const modelPath = (name: string): string => sharedPath(`models/${name}.gguf`);

function goldenRow(model: string): GoldenRow {
  const golden = JSON.parse(readFileSync(sharedPath("golden/llama.cpp-greedy.json"), "utf8")) as Record<
    string,
    GoldenRow[]
  >;
  const row = golden[model]?.find(({ prompt }) => prompt === PROMPT);
  assert(row !== undefined, `no golden row of ${model} for "${PROMPT}"`);
  return row;
}

describe.skipIf(sharedAbsent)("the commands on real models", () => {
  test("run tells the f32 model's story, token for token", async () => {
    const golden = goldenRow("stories260K-f32");
    const args = ["-p", PROMPT, "--temperature", "0", "--max-tokens", String(golden.tokens.length), "--json"];
    const { code, stdout, stderr } = await runCli(["run", modelPath("stories260K-f32"), ...args]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const result = JSON.parse(stdout) as { text: string; tokens: number[]; promptTokens: number };
    expect(result.tokens).toEqual(golden.tokens);
    expect(result.promptTokens).toBe(golden.prompt_tokens.length);
    expect(result.text.trimEnd()).toBe(golden.text.trimEnd());
  });

  test("run streams the q8_0 model's story", async () => {
    const { code, stdout, stderr } = await runCli([
      "run",
      modelPath("stories260K-q8_0"),
      "-p",
      PROMPT,
      "--temperature",
      "0",
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(", there was a little girl named Lily. She loved to play outside in the park.");
  });

  test("perplexity is within 0.5 % of llama.cpp's", async () => {
    const golden = JSON.parse(readFileSync(sharedPath("golden/numpy-and-perplexity.json"), "utf8")) as {
      readonly stories260K: { readonly perplexity: { readonly file: string; readonly q8_0: number } };
    };
    const { file, q8_0: expected } = golden.stories260K.perplexity;
    const args = [modelPath("stories260K-q8_0"), sharedPath(file), "--ctx", "256", "--chunks", "60", "--json"];
    const { code, stdout, stderr } = await runCli(["perplexity", ...args]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { perplexity, tokens } = JSON.parse(stdout) as { perplexity: number; tokens: number };
    expect(Math.abs(perplexity / expected - 1)).toBeLessThan(0.005);
    // 127 of each chunk's 256 positions are scored.
    expect(tokens).toBe(60 * 127);
  });

  test.each(["llama-bpe", "llama-spm"])("tokenize - gives the ids of the %s vocabulary's first cases", async (name) => {
    const vocabulary = sharedPath(`tokenizers/ggml-vocab-${name}.gguf`);
    const cases = readFileSync(`${vocabulary}.inp`, "utf8").split("\n__ggml_vocab_test__\n");
    const expected = readFileSync(`${vocabulary}.out`, "utf8").split("\n");
    for (const index of [0, 5, cases.length - 1]) {
      const { code, stdout } = await runCli(["tokenize", vocabulary, "-", "--json"], { input: cases[index] ?? "" });
      expect(code).toBe(0);
      const { tokens } = JSON.parse(stdout) as { tokens: number[] };
      expect(tokens.join(" ")).toBe(expected[index]?.trim());
    }
  });

  test("inspect reads a file without weights and says that it cannot run", async () => {
    const { code, stdout } = await runCli(["inspect", sharedPath("tokenizers/ggml-vocab-llama-bpe.gguf"), "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ architecture: "llama", program: null, tensors: [] });
  });
});
