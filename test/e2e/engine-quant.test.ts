/** Models rounded while they load, through the engine. */

import { expect, it } from "vitest";
import { Engine } from "../../src/engine/engine.ts";
import type { EngineOptions } from "../../src/engine/types.ts";
import { tinyModelFile } from "../support/random-model-file.ts";

const model = tinyModelFile("bf16");

async function scored(quant: NonNullable<EngineOptions["quant"]>): Promise<{ mean: number; weightBytes: number }> {
  const engine = await Engine.load({ model, quant, maxSequences: 1, contextTokens: 128 });
  try {
    const tokens = await engine.tokenize("the thing in the hat was on fire", { addSpecial: true });
    const { logprobs } = await engine.score(tokens, 1);
    const mean = logprobs.reduce((sum, value) => sum + value, 0) / logprobs.length;
    return { mean, weightBytes: engine.capacity.weightBytes };
  } finally {
    await engine.dispose();
  }
}

it("takes less memory and stays near the model as it is", async () => {
  const whole = await scored("none");
  const eight = await scored("q8");
  const four = await scored("q4-g32");
  expect(eight.weightBytes).toBeLessThan(whole.weightBytes);
  expect(four.weightBytes).toBeLessThan(eight.weightBytes);
  expect(Math.abs(eight.mean - whole.mean)).toBeLessThan(0.1);
  expect(Math.abs(four.mean - whole.mean)).toBeLessThan(1);
});

it("refuses a model that is quantised already, by the weight's name", async () => {
  const quantised = tinyModelFile("q8_0");
  await expect(Engine.load({ model: quantised, quant: "q8" })).rejects.toThrow(/quant: .* is Q8_0 already/);
});
