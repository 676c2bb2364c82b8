/**
 * A trained model in every quantised type against its twin of the same values in F32: what differs is
 * packing, the integer kernels and the rounding of activations.
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Engine } from "../../src/engine/engine.ts";
import { measurePerplexity } from "../../src/engine/perplexity.ts";
import { openFileSource } from "../../src/formats/file-source.ts";
import { GGML_TYPES } from "../../src/formats/gguf/ggml-types.ts";
import { readGguf } from "../../src/formats/gguf/read.ts";
import { type GgufContents, writeGguf } from "../../src/formats/gguf/write.ts";
import { DECODABLE_TYPES } from "../../src/formats/quant/decodable-types.ts";
import { dequantisedModel, quantisedModel, type WideModel, widenedModel } from "./support/quantised-model.ts";
import { sharedAbsent, sharedPath } from "./support/shared-folder.ts";

const QUANTISED = DECODABLE_TYPES.filter((type) => GGML_TYPES[type].blockElements > 1);
const ORIGINAL = "models/TinyStories-656K-f32.gguf";
const TEXT = "text/tinystories-sample-656k.txt";
const CHUNKS = 4;
/** Of the perplexity; on Arm activations share wider scales (decision 0019). */
const TOLERANCE = process.arch === "arm64" ? 0.01 : 0.005;
/** Two engines are loaded, and the twin's f32 weights are slow on a busy machine. */
const TIMEOUT_MS = 120_000;

describe.skipIf(sharedAbsent)("TinyStories-656K, widened", { timeout: TIMEOUT_MS }, () => {
  const folder = mkdtempSync(join(tmpdir(), "turnwise-test-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  let model: WideModel | null = null;
  const wide = (): WideModel => (model ??= readWide());

  function perplexityOf(contents: GgufContents): Promise<number> {
    const path = join(folder, "model.gguf");
    writeGguf(path, contents);
    return perplexityOfFile(path);
  }

  it.each(QUANTISED)("has in %s the perplexity of its values in F32", async (type) => {
    const quantised = quantisedModel(wide(), type, "Q8_0");
    const [found, exact] = [await perplexityOf(quantised), await perplexityOf(dequantisedModel(quantised))];
    console.log(`${type}: ${found.toFixed(4)}, its values in F32 ${exact.toFixed(4)}`);
    expect(Math.abs(found / exact - 1)).toBeLessThan(TOLERANCE);
  });

  it("has the perplexity that it had before", async () => {
    const before = await perplexityOfFile(sharedPath(ORIGINAL));
    expect((await perplexityOf(quantisedModel(wide(), "F32", "F32"))) / before).toBeCloseTo(1, 3);
  });
});

function readWide(): WideModel {
  const file = readGguf(sharedPath(ORIGINAL), openFileSource);
  const model = widenedModel(file);
  file.dispose();
  return model;
}

async function perplexityOfFile(path: string): Promise<number> {
  const engine = await Engine.load({ model: path, backend: "native", kvType: "f32" });
  try {
    const options = { contextTokens: 256, chunks: CHUNKS };
    return (await measurePerplexity(engine, readFileSync(sharedPath(TEXT), "utf8"), options)).perplexity;
  } finally {
    await engine.dispose();
  }
}
