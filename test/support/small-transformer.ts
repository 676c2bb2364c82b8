/** A transformer of two layers that uses every op, fused and not, for tests of whole programs. */

import type { KvType } from "../../src/base/dtypes.ts";
import type { StepBatch } from "../../src/graph/executor.ts";
import { type GraphBuilder, createGraphBuilder } from "../../src/graph/graph-builder.ts";
import type { ValueId, WeightRef } from "../../src/graph/types.ts";
import { matrixRef, vectorRef } from "../../src/graph/weight-ref.ts";
import type { DecodableType } from "../../src/formats/quant/decodable-types.ts";
import { type GraphSetup, type TestTensor, isIntegerType, testTensor } from "./graph-on-native.ts";
import { randomFloats, randomInts } from "./random-values.ts";

const VOCABULARY = 64;
const WIDTH = 64;
const FFN = 96;
const HEADS = 4;
const KV = { layers: 2, kvHeads: 2, headDim: 16 } as const;
const PAGE_TOKENS = 16;

/** Layer 0 is unfused with float weights of type F16, layer 1 fused with weights of `type`. */
export function smallTransformer(type: DecodableType, kvType: KvType): GraphSetup {
  const tensors = new Map<string, TestTensor>();
  const builder = createGraphBuilder("small-transformer", KV);
  const sketch: Sketch = {
    builder,
    quantized: isIntegerType(type),
    matrix(name, rows, columns, storedAs = type) {
      const values = randomFloats(tensors.size + 1, rows * columns, columns ** -0.5);
      tensors.set(name, testTensor(storedAs, values));
      return matrixRef(name, rows, columns);
    },
    vector(name, length) {
      tensors.set(name, testTensor("F32", randomFloats(tensors.size + 1, length)));
      return vectorRef(name, length);
    },
  };
  const embedding = sketch.matrix("embedding", VOCABULARY, WIDTH);
  const x = builder.add("embed", "x", { inputs: {}, weights: { weight: embedding }, attributes: {} });
  const frequencies = builder.constant(
    "frequencies",
    Float32Array.from({ length: 8 }, (_, i) => 100 ** (-i / 8)),
  );
  const table = builder.add("rope_table", "table", { inputs: {}, weights: { frequencies }, attributes: {} });
  const last = fusedLayer(sketch, plainLayer(sketch, x, table), table);
  const gathered = builder.add("gather_rows", "last", { inputs: { x: last }, weights: {}, attributes: {} });
  const normed = norm(sketch, "norm", gathered, sketch.quantized);
  const output = linear(sketch, "logits", normed, sketch.matrix("head", VOCABULARY, WIDTH));
  const limits = { maxTokens: 32, maxLogitRows: 8, pages: 12, pageTokens: PAGE_TOKENS };
  return { graph: builder.finish(output), tensors, limits, kvType };
}

interface Sketch {
  readonly builder: GraphBuilder;
  /** The operands of the weights are q8a. */
  readonly quantized: boolean;
  readonly matrix: (name: string, rows: number, columns: number, type?: DecodableType) => WeightRef;
  readonly vector: (name: string, length: number) => WeightRef;
}

function norm({ builder, vector }: Sketch, name: string, x: ValueId, quantized: boolean): ValueId {
  const attributes = { epsilon: 1e-5, groups: 1, outType: quantized ? ("q8a" as const) : ("f32" as const) };
  return builder.add("rms_norm", name, { inputs: { x }, weights: { weight: vector(`${name}.w`, WIDTH) }, attributes });
}

function linear({ builder }: Sketch, name: string, x: ValueId, weight: WeightRef): ValueId {
  return builder.add("linear", name, { inputs: { x }, weights: { weight, bias: null }, attributes: {} });
}

function plainLayer(sketch: Sketch, x: ValueId, table: ValueId): ValueId {
  const { builder, matrix } = sketch;
  const project = (name: string, input: ValueId, rows: number, columns: number): ValueId =>
    linear(sketch, name, input, matrix(`${name}.w`, rows, columns, "F16"));
  const rope = (name: string, input: ValueId, heads: number): ValueId =>
    builder.add("rope", name, { inputs: { x: input, table }, weights: {}, attributes: { heads } });
  const add = (name: string, a: ValueId, b: ValueId): ValueId =>
    builder.add("add", name, { inputs: { a, b }, weights: {}, attributes: {} });
  const kvColumns = KV.kvHeads * KV.headDim;
  const normed = norm(sketch, "0.norm", x, false);
  const q = rope("0.q.turned", project("0.q", normed, WIDTH, WIDTH), HEADS);
  const k = rope("0.k.turned", project("0.k", normed, kvColumns, WIDTH), KV.kvHeads);
  const v = project("0.v", normed, kvColumns, WIDTH);
  builder.add("kv_store", "0.store", { inputs: { k, v }, weights: {}, attributes: { layer: 0 } });
  const attributes = { layer: 0, heads: HEADS, scale: 0.25, outType: "f32" as const };
  const attended = builder.add("attention", "0.attention", { inputs: { q }, weights: {}, attributes });
  const middle = add("0.middle", x, project("0.o", attended, WIDTH, WIDTH));
  const ffnNormed = norm(sketch, "0.ffn_norm", middle, false);
  const inputs = { gate: project("0.gate", ffnNormed, FFN, WIDTH), up: project("0.up", ffnNormed, FFN, WIDTH) };
  const gated = builder.add("swiglu", "0.gated", { inputs, weights: {}, attributes: {} });
  return add("0.out", middle, project("0.down", gated, WIDTH, FFN));
}

function fusedLayer(sketch: Sketch, x: ValueId, ropeTable: ValueId): ValueId {
  const { builder, matrix, quantized } = sketch;
  const outType = quantized ? ("q8a" as const) : ("f32" as const);
  const kvColumns = KV.kvHeads * KV.headDim;
  const projections = {
    q: matrix("1.q", WIDTH, WIDTH),
    k: matrix("1.k", kvColumns, WIDTH),
    v: matrix("1.v", kvColumns, WIDTH),
    qBias: sketch.vector("1.q.bias", WIDTH),
    kBias: null,
    vBias: sketch.vector("1.v.bias", kvColumns),
    qNorm: sketch.vector("1.q.norm", KV.headDim),
    kNorm: null,
  };
  const normed = norm(sketch, "1.norm", x, quantized);
  const q = builder.add("linear_qkv", "1.qkv", {
    inputs: { x: normed, ropeTable },
    weights: projections,
    attributes: { layer: 1, epsilon: 1e-5 },
  });
  const attributes = { layer: 1, heads: HEADS, scale: 0.25, outType };
  const attended = builder.add("attention", "1.attention", { inputs: { q }, weights: {}, attributes });
  const middle = builder.add("linear_add", "1.middle", {
    inputs: { x: attended, residual: x },
    weights: { weight: matrix("1.o", WIDTH, WIDTH), bias: null },
    attributes: {},
  });
  const weights = { gate: matrix("1.gate", FFN, WIDTH), up: matrix("1.up", FFN, WIDTH) };
  const inputs = { x: norm(sketch, "1.ffn_norm", middle, quantized) };
  const gated = builder.add("linear_swiglu", "1.gated", { inputs, weights, attributes: { outType } });
  return builder.add("linear_add", "1.out", {
    inputs: { x: gated, residual: middle },
    weights: { weight: matrix("1.down", WIDTH, FFN), bias: null },
    attributes: {},
  });
}

/** Two sequences: a prefill of 20 tokens, and 3 tokens at position 0 of another; logits of both ends. */
export const SMALL_BATCH: StepBatch = {
  tokens: randomInts(1, 23, VOCABULARY),
  positions: Int32Array.from({ length: 23 }, (_, row) => (row < 20 ? row : row - 20)),
  sequenceStarts: Int32Array.of(0, 20, 23),
  pageTables: Int32Array.of(7, 2, 11),
  pageTableStarts: Int32Array.of(0, 2, 3),
  logitRows: Int32Array.of(3, 19, 20, 22),
};
