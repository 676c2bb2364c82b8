/**
 * Attention over contexts of several splits: against the reference, and bit for bit the same whatever
 * the threads (which decide whether splits are tasks of their own), the chunks of the prefill, the other
 * sequences of the step, and the pages it lies in.
 */

import { describe, expect, it } from "vitest";

import type { KvType } from "../../src/base/dtypes.ts";
import { NATIVE_LIMITS } from "../../src/base/native-limits.ts";
import type { Executor, StepBatch } from "../../src/graph/executor.ts";
import { createGraphBuilder } from "../../src/graph/graph-builder.ts";
import { OPS } from "../../src/graph/ops/table.ts";
import { f32Rows } from "../../src/graph/row-matrix.ts";
import { toleranceProblem } from "../../src/graph/tolerance.ts";
import { matrixRef } from "../../src/graph/weight-ref.ts";
import {
  type GraphSetup,
  type TestTensor,
  interpreterOf,
  nativeOf,
  stepLogits,
  testTensor,
} from "../support/graph-on-native.ts";
import { NATIVE_ISA_LEVELS, NATIVE_MISSING } from "../support/native-addon.ts";
import { randomFloats, randomInts } from "../support/random-values.ts";

const HEAD_DIM = 16;
const PAGE_TOKENS = 32;
const CONTEXT = 2 * NATIVE_LIMITS.attentionSplitTokens + 301;
const PAGES_EACH = Math.ceil(CONTEXT / PAGE_TOKENS);

interface Heads {
  readonly heads: number;
  readonly kvHeads: number;
}

/** Each KV head serves three. */
const HEADS: Heads = { heads: 6, kvHeads: 2 };
/** Of HEADS: the logits are the attention's output. */
const VOCABULARY = HEADS.heads * HEAD_DIM;

/** q, k and v straight from embeddings: a token's rows are as random as its id. */
function attentionSetup(kvType: KvType, outType: "f32" | "q8a", { heads, kvHeads }: Heads = HEADS): GraphSetup {
  const columns = heads * HEAD_DIM;
  const builder = createGraphBuilder("attention", { layers: 2, kvHeads, headDim: HEAD_DIM });
  const tensors = new Map<string, TestTensor>();
  const rows = (name: string, width: number): number => {
    tensors.set(name, testTensor("F32", randomFloats(tensors.size + 1, columns * width, 2)));
    const weight = matrixRef(name, columns, width);
    return builder.add("embed", `${name}.x`, { inputs: {}, weights: { weight }, attributes: {} });
  };
  const q = rows("q", columns);
  const inputs = { k: rows("k", kvHeads * HEAD_DIM), v: rows("v", kvHeads * HEAD_DIM) };
  builder.add("kv_store", "store", { inputs, weights: {}, attributes: { layer: 1 } });
  const attributes = { layer: 1, heads, scale: 0.25, outType };
  let result = builder.add("attention", "y", { inputs: { q }, weights: {}, attributes });
  if (outType === "q8a") {
    const ones = Float32Array.from({ length: columns ** 2 }, (_, i) => (i % (columns + 1) === 0 ? 127 : 0));
    tensors.set("identity", testTensor("Q8_0", ones));
    const weights = { weight: matrixRef("identity", columns, columns), bias: null };
    result = builder.add("linear", "readable", { inputs: { x: result }, weights, attributes: {} });
  }
  const output = builder.add("gather_rows", "logits", { inputs: { x: result }, weights: {}, attributes: {} });
  const limits = { maxTokens: 1024, maxLogitRows: 64, pages: 4 * PAGES_EACH, pageTokens: PAGE_TOKENS };
  return { graph: builder.finish(output), tensors, limits, kvType };
}

/** Below any vocabulary here. */
const TOKENS = randomInts(7, CONTEXT, 5 * HEAD_DIM);

/** Rows [begin, end) of the context in pages from `firstPage` on; the last row's logits are read. */
interface Part {
  readonly begin: number;
  readonly end: number;
  readonly firstPage: number;
}

function batchOf(parts: readonly Part[]): StepBatch {
  const rows = parts.flatMap(({ begin, end }) => Array.from({ length: end - begin }, (_, i) => begin + i));
  const starts = parts.reduce((all, { begin, end }) => [...all, (all.at(-1) ?? 0) + end - begin], [0]);
  return {
    tokens: Int32Array.from(rows, (row) => TOKENS[row] ?? 0),
    positions: Int32Array.from(rows),
    sequenceStarts: Int32Array.from(starts),
    pageTables: Int32Array.from(
      parts.flatMap(({ firstPage }) => Array.from({ length: PAGES_EACH }, (_, i) => firstPage + i)),
    ),
    pageTableStarts: Int32Array.from(starts, (_, index) => index * PAGES_EACH),
    logitRows: Int32Array.from(starts.slice(1), (end) => end - 1),
  };
}

/** Prefills [0, context - 1) in chunks, then decodes the last token; returns every row that was read. */
function runInChunks(
  executor: Executor,
  chunk: number,
  firstPage: number,
  context: number = CONTEXT,
): Map<number, Float32Array> {
  const seen = new Map<number, Float32Array>();
  const last = context - 1;
  for (let begin = 0; begin < last; begin += chunk) {
    const end = Math.min(begin + chunk, last);
    seen.set(end - 1, stepLogits(executor, batchOf([{ begin, end, firstPage }])));
  }
  seen.set(last, stepLogits(executor, batchOf([{ begin: last, end: context, firstPage }])));
  return seen;
}

/** What each row of `actual` breaks of the attention's tolerance, where it does. */
function problemsOf(
  actual: Map<number, Float32Array>,
  expected: Map<number, Float32Array>,
  kvType: KvType,
): readonly string[] {
  const { tolerance: plain, int8PagesTolerance } = OPS.attention;
  const tolerance = (kvType === "int8" ? int8PagesTolerance : undefined) ?? plain;
  return [...expected].flatMap(([position, row]) => {
    const found = f32Rows(1, row.length, rowOf(actual, position));
    const problem = toleranceProblem(found, f32Rows(1, row.length, row), tolerance);
    return problem === null ? [] : [`position ${position}: ${problem}`];
  });
}

const rowOf = (rows: Map<number, Float32Array>, position: number): Float32Array =>
  rows.get(position) ?? new Float32Array();

describe.skipIf(NATIVE_MISSING).each(["f32", "f16", "int8"] as const)("native attention, %s pages", (kvType) => {
  it("equals the reference", () => {
    const setup = attentionSetup(kvType, "f32");
    const expected = runInChunks(interpreterOf(setup), 400, 3);
    for (const isa of NATIVE_ISA_LEVELS) {
      const native = nativeOf(setup, { threads: 2, isa });
      const actual = runInChunks(native, 400, 3);
      native.dispose();
      expect(problemsOf(actual, expected, kvType), isa).toEqual([]);
    }
  });

  // Groups that no block of rows divides, and one above the rows that a task takes.
  it.each([
    { heads: 5, kvHeads: 1, context: NATIVE_LIMITS.attentionSplitTokens + 39 },
    { heads: 14, kvHeads: 2, context: NATIVE_LIMITS.attentionSplitTokens + 39 },
    { heads: 71, kvHeads: 1, context: 101 },
  ])("equals the reference, and itself in other chunks, with $heads heads over $kvHeads", ({ context, ...heads }) => {
    const setup = attentionSetup(kvType, "f32", heads);
    const expected = runInChunks(interpreterOf(setup), 70, 3, context);
    for (const isa of NATIVE_ISA_LEVELS) {
      const native = nativeOf(setup, { threads: 2, isa });
      const actual = runInChunks(native, 70, 3, context);
      expect(problemsOf(actual, expected, kvType), isa).toEqual([]);
      const other = runInChunks(native, 23, 3 + PAGES_EACH, context);
      expect(rowOf(other, context - 1)).toEqual(rowOf(actual, context - 1));
      native.dispose();
    }
  });

  it("has the same bits for any threads, chunks, company and pages", () => {
    const setup = attentionSetup(kvType, kvType === "int8" ? "q8a" : "f32");
    for (const isa of NATIVE_ISA_LEVELS) {
      const one = nativeOf(setup, { threads: 1, isa });
      const alone = rowOf(runInChunks(one, 1024, 0), CONTEXT - 1);
      expect(alone.length).toBe(VOCABULARY);
      // The cut into tasks is the executor's and not the kernels': one run will do for the slow level.
      for (const threads of isa === "scalar" ? [3] : [1, 2, 3, 7]) {
        const native = nativeOf(setup, { threads, isa });
        expect(rowOf(runInChunks(native, 97, PAGES_EACH), CONTEXT - 1)).toEqual(alone);
        runInChunks(native, 513, 2 * PAGES_EACH);
        // Decode of one sequence, with another one that prefills and a third that has just begun.
        const company = stepLogits(
          native,
          batchOf([
            { begin: 0, end: 3, firstPage: 3 * PAGES_EACH },
            { begin: CONTEXT - 1, end: CONTEXT, firstPage: 2 * PAGES_EACH },
            { begin: 300, end: 600, firstPage: PAGES_EACH },
          ]),
        );
        expect(company.subarray(VOCABULARY, 2 * VOCABULARY)).toEqual(alone);
        native.dispose();
      }
      one.dispose();
    }
  });
});

describe.skipIf(NATIVE_MISSING)("copyPage", () => {
  it("lets a copy stand for its original", () => {
    const native = nativeOf(attentionSetup("int8", "f32"), { threads: 2 });
    const prompt = { begin: 0, end: 40, firstPage: 0 };
    native.step(batchOf([prompt]));
    const next = { begin: 40, end: 41, firstPage: 0 };
    const original = stepLogits(native, batchOf([next]));
    native.copyPage(0, 2 * PAGES_EACH, 32);
    native.copyPage(1, 2 * PAGES_EACH + 1, 8);
    expect(stepLogits(native, batchOf([{ ...next, firstPage: 2 * PAGES_EACH }]))).toEqual(original);
    expect(stepLogits(native, batchOf([{ ...next, firstPage: PAGES_EACH }]))).not.toEqual(original);
    native.dispose();
  });
});
