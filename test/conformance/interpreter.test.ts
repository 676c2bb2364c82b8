/** The interpreter as an executor: batches, pages and their copies, on a tiny random model. */

import { describe, expect, it } from "vitest";
import type { KvType } from "../../src/base/dtypes.ts";
import { MAX_TOP_LOGPROBS, type SampleBatch } from "../../src/graph/executor.ts";
import { InterpreterExecutor } from "../../src/graph/interpreter/interpreter-executor.ts";
import { LIMITS, randomGraph } from "../support/random-graph.ts";
import { randomInts } from "../support/random-values.ts";
import { stepOf, type StepPart } from "../support/step-of.ts";

const { graph, weights, spec } = randomGraph("tiny-biased", "f32");
const TOKENS = randomInts(5, 40, spec.vocabSize);
const PAGES = [9, 2, 14];

function executor(kvType: KvType = "f32"): InterpreterExecutor {
  return new InterpreterExecutor({ graph, weights, limits: LIMITS, kvType });
}

/** Runs the steps and returns the logits of the last one. */
function logitsAfter(steps: readonly (readonly StepPart[])[], target = executor()): Float32Array[] {
  for (const step of steps) target.step(stepOf(step));
  return readAll(target, stepOf(steps.at(-1) ?? []).logitRows.length);
}

function readAll(target: InterpreterExecutor, rows: number): Float32Array[] {
  return Array.from({ length: rows }, (_, row) => {
    const logits = new Float32Array(target.vocabSize);
    target.readLogits(row, logits);
    return logits;
  });
}

describe.each(["f32", "f16", "int8"] as const)("with %s pages", (kvType) => {
  const whole = logitsAfter([[{ tokens: TOKENS, position: 0, pages: PAGES }]], executor(kvType));

  it("gives the same bits however a prefill is cut", () => {
    const cuts = [0, 1, 17, 32, 33, 40];
    const steps = cuts.slice(1).map((end, index) => {
      const begin = cuts[index] ?? 0;
      return [{ tokens: TOKENS.subarray(begin, end), position: begin, pages: PAGES }];
    });
    expect(logitsAfter(steps, executor(kvType))).toEqual(whole);
  });

  it("gives the same bits beside other sequences", () => {
    const other = { tokens: randomInts(6, 11, spec.vocabSize), position: 0, pages: [3] };
    const steps: StepPart[][] = [
      [other, { tokens: TOKENS.subarray(0, 30), position: 0, pages: PAGES }],
      [
        { tokens: TOKENS.subarray(30), position: 30, pages: PAGES },
        { tokens: [1], position: 11, pages: [3] },
      ],
    ];
    expect(logitsAfter(steps, executor(kvType))[0]).toEqual(whole[0]);
  });

  it("continues from a copied page as from the original", () => {
    const target = executor(kvType);
    target.step(stepOf([{ tokens: TOKENS.subarray(0, 37), position: 0, pages: PAGES }]));
    target.copyPage(14, 0, 37 - 32);
    // The original page is overwritten after the copy; what was copied stays.
    target.step(stepOf([{ tokens: TOKENS.subarray(0, 10), position: 0, pages: [14] }]));
    const last = [{ tokens: TOKENS.subarray(37), position: 37, pages: [9, 2, 0] }];
    expect(logitsAfter([last], target)).toEqual(whole);
  });
});

it("gives logits for the rows that were asked for", () => {
  const all = logitsAfter([[{ tokens: TOKENS.subarray(0, 8), position: 0, pages: [0], logits: "all" }]]);
  const none = logitsAfter([[{ tokens: TOKENS.subarray(0, 8), position: 0, pages: [0], logits: "none" }]]);
  const last = logitsAfter([[{ tokens: TOKENS.subarray(0, 8), position: 0, pages: [0] }]]);
  expect(all).toHaveLength(8);
  expect(none).toHaveLength(0);
  expect(last).toEqual(all.slice(-1));
});

it("samples from the last step's logits", () => {
  const target = executor();
  const [logits] = logitsAfter([[{ tokens: TOKENS, position: 0, pages: PAGES }]], target);
  const result = {
    tokens: new Int32Array(1),
    logprobs: new Float32Array(1),
    topTokens: new Int32Array(MAX_TOP_LOGPROBS),
    topLogprobs: new Float32Array(MAX_TOP_LOGPROBS),
  };
  target.sample(GREEDY, result);
  expect(result.tokens[0]).toBe(logits?.indexOf(Math.max(...logits)));
});

it("counts pages as they come into use", () => {
  const target = executor();
  expect(target.memory.kvBytes).toBe(0);
  target.step(stepOf([{ tokens: [1], position: 0, pages: [5] }]));
  const { layers, kvHeads, headDim } = graph.kv;
  expect(target.memory.kvBytes).toBe(2 * layers * LIMITS.pageTokens * kvHeads * headDim * 4);
});

it("refuses use before a step, and after dispose", () => {
  const target = executor();
  expect(() => target.readLogits(0, new Float32Array(target.vocabSize))).toThrow(/a step was run/);
  target.dispose();
  expect(() => target.step(stepOf([{ tokens: [1], position: 0, pages: [0] }]))).toThrow(/after dispose/);
  expect(() => target.copyPage(0, 1, 1)).toThrow(/after dispose/);
  target.dispose();
});

const GREEDY: SampleBatch = {
  temperature: Float32Array.of(0),
  topK: Int32Array.of(0),
  topP: Float32Array.of(1),
  minP: Float32Array.of(0),
  repetitionPenalty: Float32Array.of(1),
  presencePenalty: Float32Array.of(0),
  frequencyPenalty: Float32Array.of(0),
  seedLow: Uint32Array.of(0),
  seedHigh: Uint32Array.of(0),
  positions: Int32Array.of(40),
  historyStarts: Int32Array.of(0, 0),
  historyTokens: new Int32Array(0),
  historyCounts: new Int32Array(0),
  biasStarts: Int32Array.of(0, 0),
  biasTokens: new Int32Array(0),
  biasValues: new Float32Array(0),
  maskRows: Int32Array.of(-1),
  masks: new Uint32Array(0),
  forcedTokens: Int32Array.of(-1),
  topLogprobs: Int32Array.of(0),
};
