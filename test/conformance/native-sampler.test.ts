/** The native sampler against the reference, which sorts everything and computes in f64. */

import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { at } from "../../src/base/invariant.ts";
import { MAX_TOP_LOGPROBS, maskWords, type SampleBatch, type SampleResult } from "../../src/graph/executor.ts";
import { createGraphBuilder } from "../../src/graph/graph-builder.ts";
import { sampleRows } from "../../src/graph/sampler.ts";
import { matrixRef } from "../../src/graph/weight-ref.ts";
import type { NativeExecutor } from "../../src/native/executor.ts";
import { nativeOf, stepLogits, testTensor } from "../support/graph-on-native.ts";
import { NATIVE_MISSING } from "../support/native-addon.ts";

const PAGE_TOKENS = 16;

/** An executor whose logits rows are the rows of a table: token t gives row t. */
function executorOver(rows: readonly Float32Array[]): NativeExecutor {
  const vocabSize = rows[0]?.length ?? 0;
  const table = new Float32Array(vocabSize * vocabSize);
  for (const [row, logits] of rows.entries()) table.set(logits, row * vocabSize);
  const builder = createGraphBuilder("logits", { layers: 1, kvHeads: 1, headDim: 2 });
  const weight = matrixRef("rows", vocabSize, vocabSize);
  const x = builder.add("embed", "x", { inputs: {}, weights: { weight }, attributes: {} });
  const output = builder.add("gather_rows", "logits", { inputs: { x }, weights: {}, attributes: {} });
  const limits = { maxTokens: 16, maxLogitRows: 16, pages: 1, pageTokens: PAGE_TOKENS };
  const tensors = new Map([["rows", testTensor("F32", table)]]);
  return nativeOf({ graph: builder.finish(output), tensors, limits, kvType: "f32" }, { threads: 2 });
}

/** One step that makes the logits of all `rows`. */
function stepRows(executor: NativeExecutor, rows: number): Float32Array {
  const all = Int32Array.from({ length: rows }, (_, row) => row);
  const starts = Int32Array.of(0, rows);
  const pages = { pageTables: Int32Array.of(0), pageTableStarts: Int32Array.of(0, 1) };
  return stepLogits(executor, { tokens: all, positions: all, sequenceStarts: starts, logitRows: all, ...pages });
}

/** How one row is sampled. */
interface RowSettings {
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly repetition: number;
  readonly presence: number;
  readonly frequency: number;
  readonly seed: number;
  readonly position: number;
  readonly history: readonly (readonly [token: number, count: number])[];
  readonly bias: readonly (readonly [token: number, value: number])[];
  readonly mask: readonly number[] | null;
  readonly forced: number;
  readonly top: number;
}

const PLAIN: RowSettings = {
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
  repetition: 1,
  presence: 0,
  frequency: 0,
  seed: 1,
  position: 5,
  history: [],
  bias: [],
  mask: null,
  forced: -1,
  top: 0,
};

function startsOf(lists: readonly (readonly unknown[])[]): Int32Array {
  return Int32Array.from(lists.reduce<number[]>((all, list) => [...all, (all.at(-1) ?? 0) + list.length], [0]));
}

function sampleBatch(rows: readonly RowSettings[]): SampleBatch {
  const f32 = (pick: (row: RowSettings) => number): Float32Array => Float32Array.from(rows, pick);
  const i32 = (pick: (row: RowSettings) => number): Int32Array => Int32Array.from(rows, pick);
  const history = rows.flatMap((row) => row.history);
  const bias = rows.flatMap((row) => row.bias);
  const masks = rows.flatMap((row) => (row.mask === null ? [] : [row.mask]));
  return {
    temperature: f32((row) => row.temperature),
    topK: i32((row) => row.topK),
    topP: f32((row) => row.topP),
    minP: f32((row) => row.minP),
    repetitionPenalty: f32((row) => row.repetition),
    presencePenalty: f32((row) => row.presence),
    frequencyPenalty: f32((row) => row.frequency),
    seedLow: Uint32Array.from(rows, (row) => row.seed),
    seedHigh: Uint32Array.from(rows, (row) => row.seed ^ 0x9e3779b9),
    positions: i32((row) => row.position),
    historyStarts: startsOf(rows.map((row) => row.history)),
    historyTokens: Int32Array.from(history, ([token]) => token),
    historyCounts: Int32Array.from(history, ([, count]) => count),
    biasStarts: startsOf(rows.map((row) => row.bias)),
    biasTokens: Int32Array.from(bias, ([token]) => token),
    biasValues: Float32Array.from(bias, ([, value]) => value),
    maskRows: i32((row) => (row.mask === null ? -1 : masks.indexOf(row.mask))),
    masks: Uint32Array.from(masks.flat()),
    forcedTokens: i32((row) => row.forced),
    topLogprobs: i32((row) => row.top),
  };
}

function emptyResult(rows: number): SampleResult {
  return {
    tokens: new Int32Array(rows),
    logprobs: new Float32Array(rows),
    topTokens: new Int32Array(rows * MAX_TOP_LOGPROBS),
    topLogprobs: new Float32Array(rows * MAX_TOP_LOGPROBS),
  };
}

const VOCABULARY = 300;
/**
 * Multiples of 1/64: differences of two of them are exact in f32 and in f64, so that both samplers order
 * them alike; small ones, so that ties are common.
 */
const logit = fc.oneof(fc.integer({ min: -30 * 64, max: 30 * 64 }), fc.integer({ min: -4, max: 4 }));
const rowOfLogits = fc
  .tuple(fc.array(logit, { minLength: 12, maxLength: 12 }), fc.integer({ min: 0, max: 200 }))
  .map(([few, spread]) =>
    Float32Array.from({ length: VOCABULARY }, (_, i) => ((few[i % 12] ?? 0) - Math.floor(i / 12) * spread) / 64),
  );
const token = fc.integer({ min: 0, max: VOCABULARY - 1 });
const maskWordList = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffffffff })), {
  minLength: maskWords(VOCABULARY),
  maxLength: maskWords(VOCABULARY),
});
const settings: fc.Arbitrary<RowSettings> = fc.record({
  temperature: fc.oneof(fc.constant(0), fc.float({ min: Math.fround(0.05), max: 3, noNaN: true })),
  topK: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 400 })),
  topP: fc.oneof(fc.constant(1), fc.float({ min: Math.fround(0.01), max: 1, noNaN: true })),
  minP: fc.oneof(fc.constant(0), fc.float({ min: Math.fround(0.001), max: 1, noNaN: true })),
  repetition: fc.oneof(fc.constant(1), fc.float({ min: 0.5, max: 2, noNaN: true })),
  presence: fc.float({ min: -2, max: 2, noNaN: true }),
  frequency: fc.float({ min: -2, max: 2, noNaN: true }),
  seed: fc.integer({ min: 0, max: 0xffffffff }),
  position: fc.integer({ min: 0, max: 100_000 }),
  history: fc.uniqueArray(fc.tuple(token, fc.integer({ min: 0, max: 5 })), { maxLength: 8, selector: ([id]) => id }),
  bias: fc.uniqueArray(fc.tuple(token, fc.oneof(fc.constant(-Infinity), fc.float({ min: -9, max: 9, noNaN: true }))), {
    maxLength: 8,
    selector: ([id]) => id,
  }),
  mask: fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: maskWordList }),
  forced: fc.oneof({ weight: 9, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: token }),
  top: fc.integer({ min: 0, max: MAX_TOP_LOGPROBS }),
});

/** Indices where two lists of log-probabilities differ by more than f32 rounding of the sum explains. */
function farther(found: Float32Array, wanted: Float32Array): readonly number[] {
  return [...wanted.keys()].filter((index) => {
    const [a, b] = [at(found, index), at(wanted, index)];
    return a !== b && !(Math.abs(a - b) < 5e-5);
  });
}

describe.skipIf(NATIVE_MISSING)("native sampler", () => {
  it("chooses as the reference does", () => {
    const cases = fc.array(fc.tuple(rowOfLogits, settings), { minLength: 1, maxLength: 16 });
    fc.assert(
      fc.property(cases, (rows) => {
        const logits = rows.map(([values]) => values);
        const batch = sampleBatch(rows.map(([, row]) => row));
        const executor = executorOver(logits);
        stepRows(executor, rows.length);
        const [native, reference] = [emptyResult(rows.length), emptyResult(rows.length)];
        executor.sample(batch, native);
        executor.dispose();
        sampleRows(logits, batch, reference);
        expect(native.tokens).toEqual(reference.tokens);
        expect(native.topTokens).toEqual(reference.topTokens);
        expect(farther(native.logprobs, reference.logprobs)).toEqual([]);
        expect(farther(native.topLogprobs, reference.topLogprobs)).toEqual([]);
      }),
      // A fixed seed: a draw within 1e-6 of the border of two tokens may fall to either side in f32.
      { numRuns: 150, seed: 1 },
    );
  });

  describe("draws", () => {
    // Probabilities 0.4, 0.3, 0.2, 0.1, in no order of ids, and a token that is never drawn.
    const probabilities = [0.1, 0.4, 0, 0.3, 0.2];
    let executor: NativeExecutor;
    beforeAll(() => {
      executor = executorOver(Array.from({ length: 5 }, () => Float32Array.from(probabilities, (p) => Math.log(p))));
      stepRows(executor, 5);
    });
    afterAll(() => executor.dispose());

    const shares = (change: Partial<RowSettings>): number[] => {
      const counts = probabilities.map(() => 0);
      const rounds = 1000;
      for (let round = 0; round < rounds; round += 1) {
        const rows = Array.from({ length: 5 }, (_, row) => ({ ...PLAIN, ...change, seed: round, position: row }));
        const result = emptyResult(5);
        executor.sample(sampleBatch(rows), result);
        for (const id of result.tokens) counts[id] = (counts[id] ?? 0) + 1;
      }
      return counts.map((count) => count / (5 * rounds));
    };
    const roots = probabilities.map((p) => Math.sqrt(p));
    const rootSum = roots.reduce((a, b) => a + b);
    const cases: readonly (readonly [string, Partial<RowSettings>, readonly number[]])[] = [
      ["by probability", {}, probabilities],
      ["from the best k", { topK: 2 }, [0, 4 / 7, 0, 3 / 7, 0]],
      ["from the smallest set that reaches p", { topP: 0.65 }, [0, 4 / 7, 0, 3 / 7, 0]],
      ["from p of what k left", { topK: 2, topP: 0.5 }, [0, 1, 0, 0, 0]],
      ["from what is likely enough beside the best", { minP: 0.45 }, [0, 4 / 9, 0, 3 / 9, 2 / 9]],
      ["flatter at a higher temperature", { temperature: 2 }, roots.map((root) => root / rootSum)],
    ];

    it.each(cases)("%s", (_, change, expected) => {
      const found = shares(change);
      // 5,000 draws: four standard deviations are at most 0.028.
      const wrong = expected.filter((share, id) => Math.abs(at(found, id) - share) > (share === 0 ? 0 : 0.028));
      expect(wrong).toEqual([]);
    });
  });

  it("chooses a token where all are banned or none is a number", () => {
    const executor = executorOver([new Float32Array(4).fill(-Infinity), new Float32Array(4).fill(Number.NaN)]);
    stepRows(executor, 2);
    const result = emptyResult(2);
    executor.sample(sampleBatch([PLAIN, { ...PLAIN, topK: 2, topP: 0.5, minP: 0.1, top: 3 }]), result);
    executor.dispose();
    for (const id of result.tokens) expect(id).toBeGreaterThanOrEqual(0);
    for (const id of result.tokens) expect(id).toBeLessThan(4);
  });
});
