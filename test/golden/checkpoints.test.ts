/**
 * Hugging Face directories of every kind: a plain one gives the golden logits, a quantised one exactly those
 * of a plain one that holds the dequantised numbers.
 */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openFileSource } from "../../src/formats/file-source.ts";
import type { SafetensorsContents } from "../../src/formats/safetensors/write.ts";
import { openModel } from "../../src/models/open-model.ts";
import { BIASED_VARIANTS, CHECKPOINT_VARIANTS } from "../support/checkpoints/checkpoint-variants.ts";
import {
  goldenConfig,
  goldenTensors,
  temporaryFolder,
  writeDirectory,
} from "../support/checkpoints/write-directory.ts";
import { type ForwardGolden, readForwardGolden } from "../support/forward-golden.ts";
import { sourceLogits } from "../support/source-logits.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());

let written = 0;

function logitsOf(
  golden: ForwardGolden,
  tensors: readonly SafetensorsContents[],
  quantization?: Readonly<Record<string, unknown>>,
): readonly Float32Array[] {
  written += 1;
  const path = join(folder.path, String(written));
  mkdirSync(path);
  const config = goldenConfig(golden);
  writeDirectory(path, quantization === undefined ? config : { ...config, quantization_config: quantization }, tensors);
  const source = openModel(path, openFileSource);
  const logits = sourceLogits(source, golden.tokens);
  source.dispose();
  return logits;
}

it.each(["qwen2", "qwen3"] as const)("a plain %s directory gives the golden logits", (architecture) => {
  const golden = readForwardGolden(architecture);
  const logits = logitsOf(golden, goldenTensors(golden));
  const differences = golden.logits.flatMap((row, index) =>
    row.map((value, token) => Math.abs(value - (logits[index]?.[token] ?? Number.NaN))),
  );
  expect(Math.max(...differences)).toBeLessThan(2e-5);
});

describe("quantised", () => {
  // Sizes that all group sizes divide.
  const golden: ForwardGolden = { ...readForwardGolden("qwen3"), hidden: 128, ffn: 256, heads: 8 };

  it.each(CHECKPOINT_VARIANTS)("$name", (variant) => {
    const quantized = logitsOf(golden, goldenTensors(golden, variant), variant.config);
    const twin = logitsOf(golden, goldenTensors(golden, variant, "dequantized"));
    expect(quantized).toEqual(twin);
    const plain = logitsOf(golden, goldenTensors(golden));
    expect(quantized).not.toEqual(plain);
  });

  it.each(BIASED_VARIANTS)("with biases of Q, K and V, $name", (variant) => {
    const biased: ForwardGolden = { ...readForwardGolden("qwen2"), hidden: 128, ffn: 256, heads: 8 };
    const tensors = goldenTensors(biased, variant);
    const quantized = logitsOf(biased, tensors, variant.config);
    expect(quantized).toEqual(logitsOf(biased, goldenTensors(biased, variant, "dequantized")));
    const unbiased = tensors.filter(({ name }) => !name.endsWith(".bias"));
    expect(unbiased).toHaveLength(tensors.length - 3 * biased.layers);
    expect(quantized).not.toEqual(logitsOf(biased, unbiased, variant.config));
  });
});
