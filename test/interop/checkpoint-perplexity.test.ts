/** TinyStories-656K rounded to GPTQ and AWQ predicts a text as well as a plain model of the same numbers. */

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Engine } from "../../src/engine/engine.ts";
import { measurePerplexity } from "../../src/engine/perplexity.ts";
import { openFileSource } from "../../src/formats/file-source.ts";
import { floatsOf } from "../../src/formats/group-quant/packed-words.ts";
import { readSafetensors } from "../../src/formats/safetensors/read.ts";
import { type SafetensorsContents, safetensorsBytes } from "../../src/formats/safetensors/write.ts";
import { CHECKPOINT_VARIANTS, type CheckpointVariant } from "../support/checkpoints/checkpoint-variants.ts";
import { dequantize, quantizeGroups } from "../support/checkpoints/quantize-groups.ts";
import { temporaryFolder } from "../support/checkpoints/write-directory.ts";
import { sharedAbsent, sharedPath } from "./support/shared-folder.ts";

const MODEL = "models/TinyStories-656K";
const CHUNKS = 20;
/**
 * The weights are the twin's to the bit (test/golden/checkpoints.test.ts); what is left is the rounding of
 * activations, with 8 bits in the weights as with 4: measured between 0.0008 and 0.0016. So small a model feels it most;
 * built-in-perplexity.test.ts bounds it by 0.001. On Arm more activations share a scale (decision 0019): up to 0.0028.
 */
const LARGEST_DIFFERENCE = process.arch === "arm64" ? 0.004 : 0.002;
/** Seconds on a free machine; the interpreter and a busy one need longer. */
const TEST_LIMIT_MS = 120_000;

const folder = temporaryFolder();
afterAll(() => folder.remove());

function tensorsOf(variant: CheckpointVariant, form: "quantized" | "dequantized"): readonly SafetensorsContents[] {
  const model = readSafetensors(sharedPath(`${MODEL}/model.safetensors`), openFileSource);
  return [...model.tensors.values()].flatMap((tensor): readonly SafetensorsContents[] => {
    const { name, dtype, shape } = tensor;
    const module = /^(?<module>model\.layers\..*_proj)\.weight$/.exec(name)?.groups?.["module"];
    if (module === undefined) return [{ name, dtype, shape, data: tensor.view() }];
    const quantized = quantizeGroups(floatsOf(tensor), shape[1] ?? 0, variant.rounding);
    if (form === "quantized") return variant.tensors(module, quantized);
    return [{ name, dtype, shape, data: new Uint8Array(dequantize(quantized).buffer) }];
  });
}

function writeModel(variant: CheckpointVariant, form: "quantized" | "dequantized"): string {
  const path = join(folder.path, `${variant.name.replaceAll(/\W+/g, "-")}-${form}`);
  mkdirSync(path);
  const config = JSON.parse(readFileSync(sharedPath(`${MODEL}/config.json`), "utf8")) as Record<string, unknown>;
  const added = form === "quantized" ? { quantization_config: variant.config } : {};
  writeFileSync(join(path, "config.json"), JSON.stringify({ ...config, ...added }));
  writeFileSync(join(path, "model.safetensors"), safetensorsBytes(tensorsOf(variant, form)));
  for (const file of ["tokenizer.json", "tokenizer_config.json", "generation_config.json"]) {
    copyFileSync(sharedPath(`${MODEL}/${file}`), join(path, file));
  }
  return path;
}

async function perplexityOf(model: string): Promise<number> {
  const engine = await Engine.load({ model, backend: "native", kvType: "f32", maxSequences: 4, contextTokens: 256 });
  try {
    const text = readFileSync(sharedPath("text/tinystories-sample-656k.txt"), "utf8");
    return (await measurePerplexity(engine, text, { contextTokens: 256, chunks: CHUNKS })).perplexity;
  } finally {
    await engine.dispose();
  }
}

const VARIANTS = CHECKPOINT_VARIANTS.filter(({ name }) =>
  [
    "GPTQ 4 bits, group 128, zero points, version 2",
    "GPTQ 4 bits, group 128, symmetric, act-order by input, version 2",
    "GPTQ 8 bits, group 128, symmetric, version 1",
    "GPTQ 8 bits, group 128, zero points, act-order by input, version 2",
    "AWQ, group 128",
  ].includes(name),
);

describe.skipIf(sharedAbsent)("perplexity", () => {
  it.each(VARIANTS)(
    `of $name is that of its dequantised twin within ${LARGEST_DIFFERENCE * 100} %`,
    async (variant) => {
      const quantized = await perplexityOf(writeModel(variant, "quantized"));
      const twin = await perplexityOf(writeModel(variant, "dequantized"));
      console.log(`${variant.name}: ${quantized.toFixed(4)}, dequantised ${twin.toFixed(4)}`);
      expect(Math.abs(quantized / twin - 1)).toBeLessThan(LARGEST_DIFFERENCE);
    },
    TEST_LIMIT_MS,
  );
});
