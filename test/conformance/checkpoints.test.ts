/**
 * Quantised checkpoints on the native core, from their packed forms: the logits of the interpreter, which
 * runs the same compiled graph from the decoded weights.
 */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { compileModel } from "../../src/compile/compile-model.ts";
import { openFileSource } from "../../src/formats/file-source.ts";
import type { Executor } from "../../src/graph/executor.ts";
import { InterpreterExecutor } from "../../src/graph/interpreter/interpreter-executor.ts";
import { bindWeights } from "../../src/models/bind-weights.ts";
import { weightProvider } from "../../src/models/decoded-weights.ts";
import { buildGraph } from "../../src/models/families.ts";
import { openModel } from "../../src/models/open-model.ts";
import { createNativeExecutor } from "../../src/native/executor.ts";
import { storedWeightBytes } from "../../src/native/stored-weight-bytes.ts";
import { CHECKPOINT_VARIANTS, type CheckpointVariant } from "../support/checkpoints/checkpoint-variants.ts";
import {
  goldenConfig,
  goldenTensors,
  temporaryFolder,
  writeDirectory,
} from "../support/checkpoints/write-directory.ts";
import { type ForwardGolden, readForwardGolden } from "../support/forward-golden.ts";
import { NATIVE_ISA_LEVELS, NATIVE_MISSING } from "../support/native-addon.ts";
import { stepOf } from "../support/step-of.ts";

const GOLDEN: ForwardGolden = { ...readForwardGolden("qwen3"), hidden: 128, ffn: 256, heads: 8 };
const LIMITS = { maxTokens: 16, maxLogitRows: 16, pages: 2, pageTokens: 16 } as const;

/** As in compiled-model.test.ts: activations may round to the other side of a step. */
const LARGEST_RMS = 0.05;

const folder = temporaryFolder();
afterAll(() => folder.remove());

function writeVariant(variant: CheckpointVariant, index: number): string {
  const path = join(folder.path, String(index));
  mkdirSync(path);
  const config = { ...goldenConfig(GOLDEN), quantization_config: variant.config };
  writeDirectory(path, config, goldenTensors(GOLDEN, variant));
  return path;
}

function logitsOf(executor: Executor): Float32Array[] {
  executor.step(stepOf([{ tokens: GOLDEN.tokens, position: 0, pages: [1], logits: "all" }]));
  const rows = GOLDEN.tokens.map((_, row) => {
    const logits = new Float32Array(executor.vocabSize);
    executor.readLogits(row, logits);
    return logits;
  });
  executor.dispose();
  return rows;
}

describe.skipIf(NATIVE_MISSING)("native", () => {
  it.each(CHECKPOINT_VARIANTS.map((variant, index) => ({ variant, index, name: variant.name })))(
    "$name",
    ({ variant, index }) => {
      const source = openModel(writeVariant(variant, index), openFileSource);
      const plain = buildGraph(source.spec());
      const bound = bindWeights(plain, source);
      const { program, graph } = compileModel(plain, bound, { ...LIMITS, kvType: "f32" });
      const weights = weightProvider(bound);
      const expected = logitsOf(new InterpreterExecutor({ graph, weights, limits: LIMITS, kvType: "f32" }));
      for (const isa of NATIVE_ISA_LEVELS) {
        const weightBytes = storedWeightBytes(bound);
        const native = createNativeExecutor({ program, weightBytes, threads: 2, pages: LIMITS.pages, isa });
        const squares = logitsOf(native).flatMap((row, at) =>
          [...row].map((value, token) => (value - (expected[at]?.[token] ?? Number.NaN)) ** 2),
        );
        expect(Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length)).toBeLessThan(LARGEST_RMS);
      }
      const formats = program.weights.flatMap((weight) => (weight.kind === "matrix" ? [weight.format] : []));
      // Columns in another order are decoded.
      const isPacked = variant.rounding.scattered === true || formats.some((format) => format !== "f32");
      expect(isPacked).toBe(true);
      source.dispose();
    },
  );
});
