/** `turnwise convert`, as a shell runs it: what it writes runs, and says what the model says. */

import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkpointVariant } from "../support/checkpoints/checkpoint-variants.ts";
import { goldenConfig, goldenTensors, writeDirectory } from "../support/checkpoints/write-directory.ts";
import { readForwardGolden } from "../support/forward-golden.ts";
import { tinyModelFile } from "../support/random-model-file.ts";
import { testFolder } from "../support/test-folder.ts";
import { runCli } from "./support/run-cli.ts";

const model = tinyModelFile("bf16");
const folder = testFolder();

/** What the model says to a prompt, the likeliest token each time. */
async function textOf(path: string, ...options: readonly string[]): Promise<string> {
  const args = ["run", path, "-p", "the thing in the hat", "--raw", "--max-tokens", "12", "--temperature", "0"];
  const { code, stdout, stderr } = await runCli([...args, ...options]);
  expect(code, stderr).toBe(0);
  return stdout;
}

async function converted(name: string, from: string, ...options: readonly string[]): Promise<string> {
  const target = join(folder, name);
  const { code, stdout, stderr } = await runCli(["convert", from, target, ...options]);
  expect(code, stderr).toBe(0);
  expect(stdout).toBe("");
  expect(stderr).toContain(`wrote ${target}`);
  return target;
}

async function typesOf(path: string): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await runCli(["inspect", path, "--json"]);
  const { tensors } = JSON.parse(stdout) as { tensors: readonly { name: string; type: string }[] };
  return new Map(tensors.map(({ name, type }) => [name, type]));
}

test("a GGUF file in 8 bits runs as the model that is rounded at load", async () => {
  const target = await converted("tiny-q8.gguf", model, "--quant", "q8");
  expect((await typesOf(target)).get("blk.0.ffn_up.weight")).toBe("Q8_0");
  const text = await textOf(target);
  expect(text).not.toBe("");
  expect(text).toBe(await textOf(model, "--quant", "q8"));
});

test("a directory runs as the file that it was made of, and a file of the directory too", async () => {
  const target = await converted("tiny", model);
  expect(readdirSync(target)).toEqual(expect.arrayContaining(["config.json", "model.safetensors", "tokenizer.json"]));
  const text = await textOf(model);
  expect(await textOf(target)).toBe(text);
  expect(await textOf(await converted("back.gguf", target))).toBe(text);
});

test("a directory in 4 bits has its matrices rounded, and keeps the rest", async () => {
  const target = await converted("tiny-q4", model, "--quant", "q4-g32");
  const types = await typesOf(target);
  expect(types.get("model.layers.0.mlp.up_proj.weight")).toBe("Q4_0");
  expect(types.get("model.embed_tokens.weight")).toBe("BF16");
  expect(await textOf(target)).not.toBe("");
});

test("a GPTQ checkpoint becomes a directory as it is, not a GGUF file, which says what to do", async () => {
  const golden = { ...readForwardGolden("qwen3"), hidden: 128, ffn: 256, heads: 8 };
  const variant = checkpointVariant("GPTQ 4 bits, group 128, zero points, version 2");
  const path = join(folder, "gptq");
  mkdirSync(path);
  writeDirectory(
    path,
    { ...goldenConfig(golden), quantization_config: variant.config },
    goldenTensors(golden, variant),
  );
  const types = await typesOf(await converted("packed", path));
  expect(types.get("model.layers.0.mlp.up_proj.weight")).toBe("int4_g128_zero");
  const refused = await runCli(["convert", path, join(folder, "gptq.gguf")]);
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toMatch(/_proj\.weight has type int4_g128_zero in a GGUF file.*--quant f16.*folder/s);
});
