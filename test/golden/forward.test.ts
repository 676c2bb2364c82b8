/**
 * The interpreter against a forward pass that shares nothing with it: `forward/fixtures/make-forward.py`,
 * over numpy, whose logits of tiny Qwen models are kept beside it.
 */

import { expect, it } from "vitest";
import { memorySource } from "../../src/formats/file-source.ts";
import { ggufBytes } from "../../src/formats/gguf/write.ts";
import { openModel } from "../../src/models/open-model.ts";
import { goldenGguf, readForwardGolden } from "../support/forward-golden.ts";
import { sourceLogits } from "../support/source-logits.ts";

/** Logits are some units large; RoPE's angles are f32 here and f64 there. */
const LARGEST_DIFFERENCE = 2e-5;

it.each(["qwen2", "qwen3"] as const)("%s", (architecture) => {
  const golden = readForwardGolden(architecture);
  const bytes = ggufBytes(goldenGguf(golden));
  const source = openModel(`${architecture}.gguf`, (path) => memorySource(path, bytes));
  const logits = sourceLogits(source, golden.tokens);
  const differences = golden.logits.flatMap((row, index) =>
    row.map((value, token) => Math.abs(value - (logits[index]?.[token] ?? Number.NaN))),
  );
  expect(differences).toHaveLength(golden.tokens.length * golden.vocab);
  expect(Math.max(...differences)).toBeLessThan(LARGEST_DIFFERENCE);
});
