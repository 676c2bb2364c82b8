/**
 * The compiler's passes keep what a model computes: the interpreter runs a random model before the
 * passes and after each of them. Quantising activations is the one pass that changes results; all
 * others keep every bit.
 */

import { describe, expect, it } from "vitest";
import { passContext } from "../../src/compile/compile-model.ts";
import { runPasses } from "../../src/compile/passes.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { InterpreterExecutor } from "../../src/graph/interpreter/interpreter-executor.ts";
import { verifyGraph } from "../../src/graph/verify-graph.ts";
import type { RandomQuant } from "../../src/models/random/random-model.ts";
import { LIMITS, type RandomGraph, randomGraph } from "../support/random-graph.ts";
import { randomInts } from "../support/random-values.ts";
import { stepOf } from "../support/step-of.ts";

const QUANTS: readonly RandomQuant[] = ["f32", "f16", "bf16", "q8_0", "q4_0", "q4_k_m"];

/** Largest change of a logit, whose standard deviation is 2.5, by 8-bit activations; measured up to 0.15. */
const QUANTISATION_CHANGE = 0.3;

/** Logits of a prefill in two pieces beside another sequence. */
function logitsOf(graph: Graph, { weights, spec }: RandomGraph): number[] {
  const executor = new InterpreterExecutor({ graph, weights, limits: LIMITS, kvType: "int8" });
  const tokens = randomInts(8, 30, spec.vocabSize);
  executor.step(stepOf([{ tokens: tokens.subarray(0, 20), position: 0, pages: [4, 1], logits: "none" }]));
  executor.step(
    stepOf([
      { tokens: tokens.subarray(20), position: 20, pages: [4, 1] },
      { tokens: tokens.subarray(3, 9), position: 0, pages: [7], logits: "all" },
    ]),
  );
  const logits = new Float32Array(executor.vocabSize);
  return Array.from({ length: 7 }, (_, row) => {
    executor.readLogits(row, logits);
    return [...logits];
  }).flat();
}

/** The largest change of a logit that each pass made. */
function changesOf(model: RandomGraph): { readonly name: string; readonly change: number }[] {
  let before = logitsOf(model.graph, model);
  return runPasses(model.graph, passContext(model.bound)).map(({ pass, graph }) => {
    verifyGraph(graph);
    const after = logitsOf(graph, model);
    const change = Math.max(...after.map((logit, index) => Math.abs(logit - (before[index] ?? Number.NaN))));
    before = after;
    return { name: pass.name, change };
  });
}

describe.each(["tiny", "tiny-biased", "tiny-qwen3"] as const)("%s", (shape) => {
  it.each(QUANTS)("computes the same after each pass with %s weights", (quant) => {
    const changes = changesOf(randomGraph(shape, quant));
    const change = changes.find(({ name }) => name === "quantize-activations")?.change;
    expect(changes.filter(({ name, change: other }) => other !== 0 && name !== "quantize-activations")).toEqual([]);
    expect(change).toBeLessThan(QUANTISATION_CHANGE);
    expect(change !== 0).toBe(!["f32", "f16", "bf16"].includes(quant));
  });
});
