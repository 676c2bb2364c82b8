/**
 * The built-in model, rounded to GPTQ and AWQ, predicts the held-out conversations as well as a plain model of the same
 * numbers. No figure here depends on which model is built in.
 */

import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { BUILT_IN_MODEL } from "../../src/cli/built-in-model.ts";
import { Engine } from "../../src/engine/engine.ts";
import { heldOutConversations } from "../../src/eval/agent/held-out.ts";
import { openFileSource } from "../../src/formats/file-source.ts";
import { floatsOf } from "../../src/formats/group-quant/packed-words.ts";
import { readSafetensors } from "../../src/formats/safetensors/read.ts";
import { type SafetensorsContents, safetensorsBytes } from "../../src/formats/safetensors/write.ts";
import { convertModel } from "../../src/models/convert/convert-model.ts";
import { checkpointVariant, type CheckpointVariant } from "../support/checkpoints/checkpoint-variants.ts";
import { dequantize, quantizeGroups } from "../support/checkpoints/quantize-groups.ts";
import { temporaryFolder } from "../support/checkpoints/write-directory.ts";

/** So many tokens that the noise of rounding, of either sign, is small beside the bound. */
const CONVERSATIONS = 40;
const MIN_TOKENS = 20_000;
/**
 * The weights are the twin's to the bit (test/golden/checkpoints.test.ts). What is left is that the native core rounds
 * activations to 8 bits for weights of integers, and not for the twin's of F32.
 */
const LARGEST_DIFFERENCE = 0.001;

const folder = temporaryFolder();
const plain = join(folder.path, "plain");
beforeAll(() => convertModel(BUILT_IN_MODEL, plain, "f32"));
afterAll(() => folder.remove());

const VARIANTS = [
  "GPTQ 4 bits, group 32, symmetric, version 1",
  "GPTQ 4 bits, group 64, zero points, version 1",
  "GPTQ 4 bits, group 64, symmetric, act-order by matrix, version 1",
  "GPTQ 8 bits, group 32, symmetric, act-order by matrix, version 1",
  "GPTQ 8 bits, group 64, zero points, version 2",
  "GPTQ 4 bits, group 128, zero points, version 2",
  "GPTQ 8 bits, group 128, symmetric, version 1",
  "AWQ, group 64",
  "AWQ, group 128",
].map(checkpointVariant);

type Form = "quantized" | "dequantized";

function writeModel(variant: CheckpointVariant, form: Form): string {
  const path = join(folder.path, `${variant.name.replaceAll(/\W+/g, "-")}-${form}`);
  mkdirSync(path, { recursive: true });
  for (const file of readdirSync(plain)) {
    if (!file.endsWith(".safetensors")) copyFileSync(join(plain, file), join(path, file));
  }
  const config = JSON.parse(readFileSync(join(plain, "config.json"), "utf8")) as Record<string, unknown>;
  const added = form === "quantized" ? { quantization_config: variant.config } : {};
  writeFileSync(join(path, "config.json"), JSON.stringify({ ...config, ...added }));
  writeFileSync(join(path, "model.safetensors"), safetensorsBytes(tensorsOf(variant, form)));
  return path;
}

function tensorsOf(variant: CheckpointVariant, form: Form): readonly SafetensorsContents[] {
  const model = readSafetensors(join(plain, "model.safetensors"), openFileSource);
  return [...model.tensors.values()].flatMap((tensor): readonly SafetensorsContents[] => {
    const { name, dtype, shape } = tensor;
    const module = /^(?<module>model\.layers\..*_proj)\.weight$/.exec(name)?.groups?.["module"];
    if (module === undefined) return [{ name, dtype, shape, data: tensor.view() }];
    const quantized = quantizeGroups(floatsOf(tensor), shape[1] ?? 0, variant.rounding);
    if (form === "quantized") return variant.tensors(module, quantized);
    return [{ name, dtype: "F32", shape, data: new Uint8Array(dequantize(quantized).buffer) }];
  });
}

interface Perplexity {
  readonly perplexity: number;
  readonly tokens: number;
}

/** Of all tokens of the held-out conversations but each one's first, whoever says them. */
async function perplexityOf(model: string): Promise<Perplexity> {
  const engine = await Engine.load({ model, backend: "native", kvType: "f32", weightCache: false, maxSequences: 1 });
  try {
    let [logprob, tokens] = [0, 0];
    for (const { tools, steps } of heldOutConversations(CONVERSATIONS)) {
      const messages = steps.map(({ message }) => message);
      const text = await engine.renderChat({ messages, tools, addGenerationPrompt: false });
      const { logprobs } = await engine.score(
        await engine.tokenize(text, { addSpecial: false, parseSpecial: true }),
        1,
      );
      for (const value of logprobs) logprob += value;
      tokens += logprobs.length;
    }
    return { perplexity: Math.exp(-logprob / tokens), tokens };
  } finally {
    await engine.dispose();
  }
}

it.each(VARIANTS)(
  `perplexity of $name is its dequantised twin's within ${LARGEST_DIFFERENCE * 100} %`,
  async (variant) => {
    const quantized = await perplexityOf(writeModel(variant, "quantized"));
    const twin = await perplexityOf(writeModel(variant, "dequantized"));
    console.log(
      `${variant.name}: ${quantized.perplexity.toFixed(5)}, dequantised ${twin.perplexity.toFixed(5)}, ${twin.tokens} tokens`,
    );
    expect(twin.tokens).toBeGreaterThan(MIN_TOKENS);
    expect(Math.abs(quantized.perplexity / twin.perplexity - 1)).toBeLessThan(LARGEST_DIFFERENCE);
  },
);
