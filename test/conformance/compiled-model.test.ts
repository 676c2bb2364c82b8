/**
 * Whole models as users run them: the compiled program on the native core against the interpreter over
 * the same graph. Passes, stages, the plan of the arena and the packing of weights all have a part.
 */

import { describe, expect, it } from "vitest";
import type { KvType } from "../../src/base/dtypes.ts";
import { compileModel } from "../../src/compile/compile-model.ts";
import type { Executor } from "../../src/graph/executor.ts";
import { InterpreterExecutor } from "../../src/graph/interpreter/interpreter-executor.ts";
import type { RandomQuant } from "../../src/models/random/random-model.ts";
import { RANDOM_QUANTS } from "../../src/models/random/random-quants.ts";
import type { RandomShapeName } from "../../src/models/random/random-shapes.ts";
import { createNativeExecutor } from "../../src/native/executor.ts";
import { storedWeightBytes } from "../../src/native/stored-weight-bytes.ts";
import { NATIVE_MISSING } from "../support/native-addon.ts";
import { LIMITS, randomGraph } from "../support/random-graph.ts";
import { randomInts } from "../support/random-values.ts";
import { stepOf } from "../support/step-of.ts";

/** Largest difference of a logit where nothing is quantised; measured up to 6e-6. */
const EXACT_LARGEST = 5e-5;
/**
 * Root mean square of the differences elsewhere, where values may fall to the other side of a step, and
 * kernels quantise queries too; logits have a standard deviation of 2.5. Measured up to 0.041.
 */
const QUANTISED_RMS = 0.08;

const FLOATS: readonly RandomQuant[] = ["f32", "f16", "bf16"];
const KV_TYPES: readonly KvType[] = ["f32", "int8"];

interface Case {
  readonly shape: RandomShapeName;
  readonly quant: RandomQuant;
  readonly kvType: KvType;
}

const CASES: readonly Case[] = [
  ...(["tiny", "tiny-biased", "tiny-qwen2", "tiny-qwen3"] as const).flatMap((shape) =>
    ([...FLOATS, "q8_0", "q4_0", "q4_k_m"] as const).flatMap((quant) =>
      KV_TYPES.map((kvType) => ({ shape, quant, kvType })),
    ),
  ),
  // Every type, on rows that superblocks divide.
  ...RANDOM_QUANTS.map((quant): Case => ({ shape: "tiny-wide", quant, kvType: "f32" })),
];

/** Both executors of one compiled model. */
function executorsOf(
  shape: RandomShapeName,
  quant: RandomQuant,
  kvType: KvType,
): Record<"native" | "reference", Executor> {
  const { graph: plain, bound, weights } = randomGraph(shape, quant);
  const { program, graph } = compileModel(plain, bound, { ...LIMITS, kvType });
  return {
    reference: new InterpreterExecutor({ graph, weights, limits: LIMITS, kvType }),
    native: createNativeExecutor({
      program,
      weightBytes: storedWeightBytes(bound),
      threads: 2,
      pages: LIMITS.pages,
    }),
  };
}

/** Logits of three steps: a prefill, decode beside another prefill, and two rows of decode. */
function logitsOf(executor: Executor): Float32Array[] {
  const tokens = randomInts(4, 60, 256);
  const steps = [
    [{ tokens: tokens.subarray(0, 37), position: 0, pages: [3, 0, 9] }],
    [
      { tokens: tokens.subarray(37, 38), position: 37, pages: [3, 0, 9] },
      { tokens: tokens.subarray(10, 30), position: 0, pages: [5, 1], logits: "all" as const },
    ],
    [
      { tokens: tokens.subarray(50, 51), position: 20, pages: [5, 1] },
      { tokens: tokens.subarray(38, 39), position: 38, pages: [3, 0, 9] },
    ],
  ];
  return steps.map(stepOf).flatMap((batch) => {
    executor.step(batch);
    return Array.from(batch.logitRows, (_, row) => {
      const logits = new Float32Array(executor.vocabSize);
      executor.readLogits(row, logits);
      return logits;
    });
  });
}

function rootMeanSquare(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);
}

describe.skipIf(NATIVE_MISSING)("compiled models", () => {
  it.each(CASES)("$shape, $quant weights, $kvType pages: native equals the interpreter", ({ shape, quant, kvType }) => {
    const { native, reference } = executorsOf(shape, quant, kvType);
    const [found, wanted] = [logitsOf(native), logitsOf(reference)];
    native.dispose();
    const differences = found.flatMap((row, index) =>
      Array.from(row, (logit, token) => Math.abs(logit - (wanted[index]?.[token] ?? Number.NaN))),
    );
    const isExact = kvType === "f32" && FLOATS.includes(quant);
    expect(found).toHaveLength(24);
    expect(rootMeanSquare(differences)).toBeLessThan(QUANTISED_RMS);
    expect(Math.max(...differences)).toBeLessThan(isExact ? EXACT_LARGEST : Infinity);
  });
});
