/**
 * What storing K in few bits does to attention where some of K's channels are 64 times the others, as
 * biases make them in Qwen2. Queries are as much smaller there, so with exact pages the outliers change
 * nothing, and all of the error is the storage's. `--kv-type auto` follows the outcome.
 */

import { describe, expect, it } from "vitest";
import type { KvType } from "../../src/base/dtypes.ts";
import type { Executor } from "../../src/graph/executor.ts";
import { createGraphBuilder } from "../../src/graph/graph-builder.ts";
import { matrixRef } from "../../src/graph/weight-ref.ts";
import { autoKvType } from "../../src/models/kv-type.ts";
import {
  type GraphSetup,
  interpreterOf,
  nativeOf,
  stepLogits,
  type TestTensor,
  testTensor,
} from "../support/graph-on-native.ts";
import { NATIVE_MISSING } from "../support/native-addon.ts";
import { randomFloats, randomInts } from "../support/random-values.ts";
import { stepOf } from "../support/step-of.ts";

const HEADS = 4;
const KV = { layers: 1, kvHeads: 2, headDim: 64 } as const;
const VOCABULARY = HEADS * KV.headDim;
const OUTLIER_CHANNELS = [3, 40];
const OUTLIER_FACTOR = 64;
const CONTEXT = 150;

/** Root mean square of the error, of that of the exact result, up to which a type serves. */
const ACCEPTED_ERROR = 0.02;

/** q, k and v straight from embeddings, so that every token's rows are as random as its id. */
function attentionSetup(kvType: KvType, outlierFactor: number): GraphSetup {
  const builder = createGraphBuilder("attention", KV);
  const tensors = new Map<string, TestTensor>();
  const rows = (name: string, heads: number, outliers: number): number => {
    const columns = heads * KV.headDim;
    const values = randomFloats(tensors.size + 1, VOCABULARY * columns, 2).map((value, index) =>
      OUTLIER_CHANNELS.includes(index % KV.headDim) ? value * outliers : value,
    );
    tensors.set(name, testTensor("F32", values));
    const weight = matrixRef(name, VOCABULARY, columns);
    return builder.add("embed", `${name}.x`, { inputs: {}, weights: { weight }, attributes: {} });
  };
  const q = rows("q", HEADS, 1 / outlierFactor);
  const inputs = { k: rows("k", KV.kvHeads, outlierFactor), v: rows("v", KV.kvHeads, 1) };
  builder.add("kv_store", "store", { inputs, weights: {}, attributes: { layer: 0 } });
  const attributes = { layer: 0, heads: HEADS, scale: KV.headDim ** -0.5, outType: "f32" } as const;
  const attended = builder.add("attention", "y", { inputs: { q }, weights: {}, attributes });
  const output = builder.add("gather_rows", "logits", { inputs: { x: attended }, weights: {}, attributes: {} });
  const limits = { maxTokens: CONTEXT, maxLogitRows: CONTEXT, pages: 5, pageTokens: 32 };
  return { graph: builder.finish(output), tensors, limits, kvType };
}

function attend(executor: Executor): Float32Array {
  const tokens = randomInts(7, CONTEXT, VOCABULARY);
  const results = stepLogits(executor, stepOf([{ tokens, position: 0, pages: [4, 0, 3, 1, 2], logits: "all" }]));
  executor.dispose();
  return results;
}

function squares(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value ** 2, 0);
}

/** Of attention over pages of `kvType`, against f32 pages on the interpreter. */
function relativeError(run: (setup: GraphSetup) => Executor, kvType: KvType, outlierFactor: number): number {
  const exact = attend(interpreterOf(attentionSetup("f32", outlierFactor)));
  const stored = attend(run(attentionSetup(kvType, outlierFactor)));
  return Math.sqrt(squares(exact.map((value, index) => value - (stored[index] ?? Number.NaN))) / squares(exact));
}

const EXECUTORS = [
  ["interpreter", interpreterOf],
  ["native", (setup: GraphSetup): Executor => nativeOf(setup, { threads: 2 })],
] as const;

describe.each(EXECUTORS)("%s", (name, run) => {
  it.skipIf(name === "native" && NATIVE_MISSING)("int8 pages serve where K's channels are alike", () => {
    expect(relativeError(run, "int8", 1)).toBeLessThan(ACCEPTED_ERROR);
  });

  it.skipIf(name === "native" && NATIVE_MISSING)("f16 pages serve with outliers too", () => {
    expect(relativeError(run, "f16", OUTLIER_FACTOR)).toBeLessThan(ACCEPTED_ERROR);
  });

  // Should a change of the storage make this fail, let `auto` choose int8 for these models too.
  it.skipIf(name === "native" && NATIVE_MISSING)("int8 pages do not, and so auto does not choose them", () => {
    expect(relativeError(run, "int8", OUTLIER_FACTOR)).toBeGreaterThan(ACCEPTED_ERROR);
    const quantised = {
      encoding: { kind: "ggml", type: "Q8_0" },
      shape: [],
      elements: 0,
      parts: [],
      columnOrder: null,
    } as const;
    expect(autoKvType({ qkvBias: true }, new Map([["w", quantised]]))).toBe("f16");
  });
});
