/**
 * Every instruction of the native core against the reference of its op, for each weight format, ISA
 * level and number of threads, over sizes that fill no tile; and the same bits for any number of threads.
 */

import { describe, expect, it } from "vitest";

import { QUANT_GROUP } from "../../src/base/dtypes.ts";
import { at } from "../../src/base/invariant.ts";
import type { ValueId } from "../../src/graph/types.ts";
import type { StepBatch } from "../../src/graph/executor.ts";
import type { GraphBuilder } from "../../src/graph/graph-builder.ts";
import { createGraphBuilder } from "../../src/graph/graph-builder.ts";
import type { Tolerance } from "../../src/graph/op.ts";
import { DECODABLE_TYPES, type DecodableType } from "../../src/formats/quant/decodable-types.ts";
import { OPS, type OpName } from "../../src/graph/ops/table.ts";
import { f32Rows } from "../../src/graph/row-matrix.ts";
import { toleranceProblem } from "../../src/graph/tolerance.ts";
import { matrixRef, vectorRef } from "../../src/graph/weight-ref.ts";
import {
  type GraphSetup,
  type TestTensor,
  interpreterOf,
  isIntegerType,
  nativeOf,
  stepLogits,
  testTensor,
  wholeBlocks,
} from "../support/graph-on-native.ts";
import { NATIVE_ISA_LEVELS, NATIVE_MISSING } from "../support/native-addon.ts";
import { randomFloats, randomInts } from "../support/random-values.ts";

const KV = { layers: 1, kvHeads: 2, headDim: 16 } as const;
const PAGE_TOKENS = 16;
const MAX_TOKENS = 120;
const TOKEN_COUNTS = [1, 2, 3, 7, 33, 100];
/** Distinct input rows; tokens choose among them. */
const INPUT_ROWS = 320;

/** Names tensors and fills them, as a test's graph asks for them. */
/** More than one group of a row has the same scale; decision 0019. */
const SHARES_SCALES = process.arch === "arm64";

class Sketch {
  readonly builder: GraphBuilder;
  readonly tensors = new Map<string, TestTensor>();

  constructor(kv = KV) {
    this.builder = createGraphBuilder("op", kv);
  }

  matrix(name: string, type: DecodableType, rows: number, columns: number) {
    this.tensors.set(name, testTensor(type, randomFloats(this.tensors.size + 1, rows * columns)));
    return matrixRef(name, rows, columns);
  }

  vector(name: string, length: number) {
    this.tensors.set(name, testTensor("F32", randomFloats(this.tensors.size + 1, length)));
    return vectorRef(name, length);
  }

  /** An f32 value whose rows are chosen by the step's tokens. */
  input(name: string, columns: number): ValueId {
    const weight = this.matrix(`${name}.rows`, "F32", INPUT_ROWS, columns);
    return this.builder.add("embed", name, { inputs: {}, weights: { weight }, attributes: {} });
  }

  /**
   * The same as the operand of a weight of `type`. On Arm every group of a quantised row holds the row's largest
   * magnitude: its scales are then the reference's, though its levels share one over more columns.
   */
  operand(name: string, columns: number, type: DecodableType): ValueId {
    if (!isIntegerType(type)) return this.input(name, columns);
    const rows = randomFloats(this.tensors.size + 1, INPUT_ROWS * columns);
    if (SHARES_SCALES) {
      for (let i = 0; i < rows.length; i += QUANT_GROUP) {
        rows[i + ((i / QUANT_GROUP) % QUANT_GROUP)] = i % 64 === 0 ? 3 : -3;
      }
    }
    this.tensors.set(`${name}.rows`, testTensor("F32", rows));
    const weight = matrixRef(`${name}.rows`, INPUT_ROWS, columns);
    const x = this.builder.add("embed", name, { inputs: {}, weights: { weight }, attributes: {} });
    return this.builder.add("quantize", `${name}.q`, { inputs: { x }, weights: { order: null }, attributes: {} });
  }

  table(): ValueId {
    const frequencies = this.builder.constant("frequencies", randomFloats(99, KV.headDim / 2));
    return this.builder.add("rope_table", "table", { inputs: {}, weights: { frequencies }, attributes: {} });
  }

  /** The identity over q8a: makes a quantised value readable without changing it. */
  readable(x: ValueId, columns: number): ValueId {
    const ones = Float32Array.from({ length: columns * columns }, (_, i) => (i % (columns + 1) === 0 ? 127 : 0));
    this.tensors.set("identity", testTensor("Q8_0", ones));
    const weight = matrixRef("identity", columns, columns);
    return this.builder.add("linear", "readable", { inputs: { x }, weights: { weight, bias: null }, attributes: {} });
  }

  setup(result: ValueId): GraphSetup {
    const output = this.builder.add("gather_rows", "logits", { inputs: { x: result }, weights: {}, attributes: {} });
    const limits = { maxTokens: MAX_TOKENS, maxLogitRows: MAX_TOKENS, pages: 16, pageTokens: PAGE_TOKENS };
    return { graph: this.builder.finish(output), tensors: this.tensors, limits, kvType: "f32" };
  }
}

/** Two sequences where there are two rows, the second one further on. */
function batchOf(tokens: number, vocabSize: number): StepBatch {
  const first = Math.ceil(tokens / 2);
  const second = tokens - first;
  const positions = Int32Array.from({ length: tokens }, (_, row) => row);
  const pages = Math.ceil(first / PAGE_TOKENS);
  return {
    tokens: randomInts(tokens, tokens, Math.min(vocabSize, INPUT_ROWS)),
    positions: positions.map((row) => (row < first ? row : row - first)),
    sequenceStarts: Int32Array.from(second === 0 ? [0, first] : [0, first, tokens]),
    pageTables: Int32Array.from({ length: second === 0 ? pages : 2 * pages }, (_, page) => 15 - page),
    pageTableStarts: Int32Array.from(second === 0 ? [0, pages] : [0, pages, 2 * pages]),
    // Every row, so that nothing hides in a row that nobody reads.
    logitRows: positions,
  };
}

/** What differs between native and reference, or between numbers of threads; empty where all is well. */
function problemsOf(setup: GraphSetup, tolerance: Tolerance): readonly string[] {
  const { columns } = at(setup.graph.values, setup.graph.output);
  const interpreter = interpreterOf(setup);
  const batches = TOKEN_COUNTS.map((count) => batchOf(count, columns));
  const expected = batches.map((batch) => stepLogits(interpreter, batch));
  const problems: string[] = [];
  for (const isa of NATIVE_ISA_LEVELS) {
    const results = [1, 2, 3].map((threads) => logitsOnNative(setup, { threads, isa }, batches));
    for (const [index, wanted] of expected.entries()) {
      const [one, ...others] = results.map((logits) => at(logits, index));
      const rows = at(TOKEN_COUNTS, index);
      const found = f32Rows(rows, columns, one);
      const problem = toleranceProblem(found, f32Rows(rows, columns, wanted), tolerance);
      if (problem !== null) problems.push(`${isa}, ${rows} tokens: ${problem}`);
      if (others.some((other) => !sameBits(other, found.values)))
        problems.push(`${isa}, ${rows} tokens: threads differ`);
    }
  }
  return problems;
}

function logitsOnNative(
  setup: GraphSetup,
  options: { readonly threads: number; readonly isa: string },
  batches: readonly StepBatch[],
): readonly Float32Array[] {
  const native = nativeOf(setup, options);
  const logits = batches.map((batch) => stepLogits(native, batch));
  native.dispose();
  return logits;
}

function sameBits(a: Float32Array, b: Float32Array): boolean {
  return Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));
}

/** A q8a value may be off by one step of its scale, which is the group's largest magnitude / 127. */
function quantizedTolerance(op: OpName): Tolerance {
  const { relative, absolute } = OPS[op].tolerance;
  return { relative: relative + 1.01 / 127, absolute };
}

describe.skipIf(NATIVE_MISSING).each(DECODABLE_TYPES)("native ops on %s weights", (type) => {
  const columns = isIntegerType(type) ? wholeBlocks(type, 96) : 37;

  it("embed", () => {
    const sketch = new Sketch();
    const weight = sketch.matrix("w", type, INPUT_ROWS, wholeBlocks(type, 96));
    expect(
      problemsOf(
        sketch.setup(sketch.builder.add("embed", "x", { inputs: {}, weights: { weight }, attributes: {} })),
        OPS.embed.tolerance,
      ),
    ).toEqual([]);
  });

  it.each([50, 300])("linear with bias, %d rows", (rows) => {
    const sketch = new Sketch();
    const x = sketch.operand("x", columns, type);
    const weights = { weight: sketch.matrix("w", type, rows, columns), bias: sketch.vector("b", rows) };
    expect(
      problemsOf(
        sketch.setup(sketch.builder.add("linear", "y", { inputs: { x }, weights, attributes: {} })),
        OPS.linear.tolerance,
      ),
    ).toEqual([]);
  });

  it("linear_add with bias", () => {
    const sketch = new Sketch();
    const inputs = { x: sketch.operand("x", columns, type), residual: sketch.input("r", 50) };
    const weights = { weight: sketch.matrix("w", type, 50, columns), bias: sketch.vector("b", 50) };
    const y = sketch.builder.add("linear_add", "y", { inputs, weights, attributes: {} });
    expect(problemsOf(sketch.setup(y), OPS.linear_add.tolerance)).toEqual([]);
  });

  it("linear_swiglu", () => {
    const sketch = new Sketch();
    const x = sketch.operand("x", columns, type);
    const weights = { gate: sketch.matrix("g", type, 70, columns), up: sketch.matrix("u", type, 70, columns) };
    const y = sketch.builder.add("linear_swiglu", "y", { inputs: { x }, weights, attributes: { outType: "f32" } });
    expect(problemsOf(sketch.setup(y), OPS.linear_swiglu.tolerance)).toEqual([]);
  });

  it("linear_swiglu to q8a", () => {
    const sketch = new Sketch();
    const x = sketch.operand("x", columns, type);
    const weights = { gate: sketch.matrix("g", type, 96, columns), up: sketch.matrix("u", type, 96, columns) };
    const y = sketch.builder.add("linear_swiglu", "y", { inputs: { x }, weights, attributes: { outType: "q8a" } });
    expect(problemsOf(sketch.setup(sketch.readable(y, 96)), quantizedTolerance("linear_swiglu"))).toEqual([]);
  });

  it.each([
    { heads: 4, kvHeads: 2, headDim: 16 },
    { heads: 3, kvHeads: 3, headDim: 8 },
    { heads: 5, kvHeads: 1, headDim: 6 },
    { heads: 2, kvHeads: 1, headDim: 80 },
    { heads: 4, kvHeads: 2, headDim: 16, norm: true },
    { heads: 3, kvHeads: 1, headDim: 40, norm: true },
  ])("linear_qkv, then attention, $heads/$kvHeads heads of $headDim, normed: $norm", (shape) => {
    const { heads, kvHeads, headDim, norm = false } = shape;
    const kv = { layers: 1, kvHeads, headDim };
    const sketch = new Sketch(kv as typeof KV);
    const { builder } = sketch;
    const x = sketch.operand("x", columns, type);
    const frequencies = builder.constant("frequencies", randomFloats(99, headDim / 2));
    const ropeTable = builder.add("rope_table", "table", { inputs: {}, weights: { frequencies }, attributes: {} });
    const weights = {
      q: sketch.matrix("q", type, heads * headDim, columns),
      k: sketch.matrix("k", type, kvHeads * headDim, columns),
      v: sketch.matrix("v", type, kvHeads * headDim, columns),
      qBias: sketch.vector("qb", heads * headDim),
      kBias: sketch.vector("kb", kvHeads * headDim),
      vBias: sketch.vector("vb", kvHeads * headDim),
      qNorm: norm ? sketch.vector("qn", headDim) : null,
      kNorm: norm ? sketch.vector("kn", headDim) : null,
    };
    const q = builder.add("linear_qkv", "q", {
      inputs: { x, ropeTable },
      weights,
      attributes: { layer: 0, epsilon: 1e-5 },
    });
    const attributes = { layer: 0, heads, scale: headDim ** -0.5, outType: "f32" as const };
    const y = builder.add("attention", "y", { inputs: { q }, weights: {}, attributes });
    // Scores of these weights reach the hundreds: what attention does to small differences is not the
    // projection's error, and its own bound is below.
    expect(problemsOf(sketch.setup(y), { relative: 2e-3, absolute: 1e-6 })).toEqual([]);
  });
});

describe.skipIf(NATIVE_MISSING)("native ops without matrices", () => {
  it("rms_norm", () => {
    const sketch = new Sketch();
    const inputs = { x: sketch.input("x", 75) };
    const weights = { weight: sketch.vector("w", 75) };
    const y = sketch.builder.add("rms_norm", "y", {
      inputs,
      weights,
      attributes: { epsilon: 1e-5, groups: 1, outType: "f32" },
    });
    expect(problemsOf(sketch.setup(y), OPS.rms_norm.tolerance)).toEqual([]);
  });

  it("rms_norm by groups", () => {
    const sketch = new Sketch();
    const inputs = { x: sketch.input("x", 75) };
    const weights = { weight: sketch.vector("w", 25) };
    const y = sketch.builder.add("rms_norm", "y", {
      inputs,
      weights,
      attributes: { epsilon: 1e-5, groups: 3, outType: "f32" },
    });
    expect(problemsOf(sketch.setup(y), OPS.rms_norm.tolerance)).toEqual([]);
  });

  it("rms_norm to q8a", () => {
    const sketch = new Sketch();
    const inputs = { x: sketch.input("x", 96) };
    const weights = { weight: sketch.vector("w", 96) };
    const y = sketch.builder.add("rms_norm", "y", {
      inputs,
      weights,
      attributes: { epsilon: 1e-5, groups: 1, outType: "q8a" },
    });
    expect(problemsOf(sketch.setup(sketch.readable(y, 96)), quantizedTolerance("rms_norm"))).toEqual([]);
  });

  it("quantize", () => {
    const sketch = new Sketch();
    const y = sketch.operand("x", 96, "Q8_0");
    // The same rounding to the bit; what is left is the product by an identity of f16 scale.
    expect(problemsOf(sketch.setup(sketch.readable(y, 96)), { relative: 1e-6, absolute: 0 })).toEqual([]);
  });

  it("quantize into another order of columns", () => {
    const sketch = new Sketch();
    const x = sketch.input("x", 96);
    const order = sketch.builder.constant(
      "order",
      Float32Array.from({ length: 96 }, (_, column) => (35 * column + 7) % 96),
    );
    const y = sketch.builder.add("quantize", "y", { inputs: { x }, weights: { order }, attributes: {} });
    const tolerance = SHARES_SCALES ? quantizedTolerance("quantize") : { relative: 1e-6, absolute: 0 };
    expect(problemsOf(sketch.setup(sketch.readable(y, 96)), tolerance)).toEqual([]);
  });

  it("refuses an order that names a column that is not there", () => {
    for (const wrong of [-1, 96, Number.NaN]) {
      const sketch = new Sketch();
      const x = sketch.input("x", 96);
      const order = sketch.builder.constant(
        "order",
        Float32Array.from({ length: 96 }, (_, column) => (column === 5 ? wrong : column)),
      );
      const y = sketch.builder.add("quantize", "y", { inputs: { x }, weights: { order }, attributes: {} });
      const setup = sketch.setup(sketch.readable(y, 96));
      expect(() => nativeOf(setup, { threads: 1 })).toThrow(/names a column outside 0\.\.95/);
    }
  });

  it("rope", () => {
    const sketch = new Sketch();
    const inputs = { x: sketch.input("x", 3 * KV.headDim), table: sketch.table() };
    const y = sketch.builder.add("rope", "y", { inputs, weights: {}, attributes: { heads: 3 } });
    expect(problemsOf(sketch.setup(y), OPS.rope.tolerance)).toEqual([]);
  });

  it("swiglu", () => {
    const sketch = new Sketch();
    const inputs = { gate: sketch.input("g", 75), up: sketch.input("u", 75) };
    expect(
      problemsOf(
        sketch.setup(sketch.builder.add("swiglu", "y", { inputs, weights: {}, attributes: {} })),
        OPS.swiglu.tolerance,
      ),
    ).toEqual([]);
  });

  it("add", () => {
    const sketch = new Sketch();
    const inputs = { a: sketch.input("a", 75), b: sketch.input("b", 75) };
    expect(
      problemsOf(
        sketch.setup(sketch.builder.add("add", "y", { inputs, weights: {}, attributes: {} })),
        OPS.add.tolerance,
      ),
    ).toEqual([]);
  });
});
