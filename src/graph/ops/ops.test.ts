/** Each op's reference against values worked out by hand, and what its shape rule refuses. */

import { describe, expect, it } from "vitest";
import type { StepBatch } from "../executor.ts";
import { createGraphBuilder, type GraphBuilder } from "../graph-builder.ts";
import { createKvPageStore } from "../interpreter/kv-page-store.ts";
import { runGraph } from "../interpreter/run-graph.ts";
import type { ValueId } from "../types.ts";
import { matrixRef, vectorRef } from "../weight-ref.ts";
import { OPS } from "./table.ts";

const KV = { layers: 2, kvHeads: 1, headDim: 2 } as const;
const PAGE_TOKENS = 2;

/** One sequence of `count` tokens, ids 0, 1, 2..., from position 0 on; logits of all rows. */
function stepOf(count: number): StepBatch {
  const indices = Int32Array.from({ length: count }, (_, index) => index);
  const pages = Math.ceil(count / PAGE_TOKENS);
  return {
    tokens: indices,
    positions: indices,
    sequenceStarts: Int32Array.of(0, count),
    pageTables: Int32Array.from({ length: pages }, (_, index) => pages - 1 - index),
    pageTableStarts: Int32Array.of(0, pages),
    logitRows: indices,
  };
}

type Weights = Readonly<Record<string, readonly number[]>>;

/** Builds a graph on rows that come from the weight "rows", and gives its output for all of them. */
function outputOf(
  rows: readonly (readonly number[])[],
  weights: Weights,
  build: (graph: GraphBuilder, x: ValueId) => ValueId,
): number[] {
  const graph = createGraphBuilder("test", KV);
  const columns = rows[0]?.length ?? 0;
  const x = embedRows(graph, "rows", rows.length, columns);
  const result = build(graph, x);
  const output = graph.add("gather_rows", "out", { inputs: { x: result }, weights: {}, attributes: {} });
  const all: Weights = { ...weights, rows: rows.flat() };
  const decode = ({ tensor }: { readonly tensor: string }): Float32Array => Float32Array.from(all[tensor] ?? []);
  const pages = createKvPageStore(KV, "f32", PAGE_TOKENS, 4);
  const logits = runGraph(graph.finish(output), { matrix: decode, vector: decode }, pages, stepOf(rows.length));
  return [...logits.values];
}

function embedRows(graph: GraphBuilder, tensor: string, rows: number, columns: number): ValueId {
  const weight = matrixRef(tensor, rows, columns);
  return graph.add("embed", tensor, { inputs: {}, weights: { weight }, attributes: {} });
}

/** Within 6 digits. */
function close(values: readonly number[]): unknown[] {
  return values.map((value): unknown => expect.closeTo(value, 6));
}

const NORM = { epsilon: 0, groups: 1, outType: "f32" } as const;
/** 1 / (1 + e^-1) and 2 / (1 + e^-2). */
const SILU_1 = 0.7310585786;
const SILU_2 = 1.7615941559;

describe("references", () => {
  it("rms_norm divides by the root of the mean square", () => {
    const weight = vectorRef("norm", 2);
    const out = outputOf(
      [
        [3, 4],
        [0, 2],
      ],
      { norm: [1, 10] },
      (graph, x) => graph.add("rms_norm", "y", { inputs: { x }, weights: { weight }, attributes: NORM }),
    );
    expect(out).toEqual(close([3 / Math.sqrt(12.5), 40 / Math.sqrt(12.5), 0, 20 / Math.sqrt(2)]));
  });

  it("rms_norm takes each group of columns by itself, all by one weight", () => {
    const weight = vectorRef("norm", 2);
    const out = outputOf([[3, 4, 0, 2]], { norm: [1, 10] }, (graph, x) =>
      graph.add("rms_norm", "y", { inputs: { x }, weights: { weight }, attributes: { ...NORM, groups: 2 } }),
    );
    expect(out).toEqual(close([3 / Math.sqrt(12.5), 40 / Math.sqrt(12.5), 0, 20 / Math.sqrt(2)]));
  });

  it("linear multiplies by the transposed matrix and adds the bias", () => {
    const weights = { weight: matrixRef("w", 3, 2), bias: vectorRef("b", 3) };
    const out = outputOf([[1, 2]], { w: [1, 0, 0, 1, 3, -1], b: [10, 20, 30] }, (graph, x) =>
      graph.add("linear", "y", { inputs: { x }, weights, attributes: {} }),
    );
    expect(out).toEqual(close([11, 22, 31]));
  });

  it("quantize puts columns into the order that it is given", () => {
    const row = Array.from({ length: 64 }, (_, i) => i / 64);
    const backwards = Array.from({ length: 64 }, (_, i) => 63 - i);
    const identity = Array.from({ length: 64 * 64 }, (_, i) => (i % 65 === 0 ? 1 : 0));
    const weights = { weight: matrixRef("w", 64, 64), bias: null };
    const out = outputOf([row], { w: identity, order: backwards }, (graph, value) => {
      const order = vectorRef("order", 64);
      const x = graph.add("quantize", "q", { inputs: { x: value }, weights: { order }, attributes: {} });
      return graph.add("linear", "y", { inputs: { x }, weights, attributes: {} });
    });
    // Groups are those of the new order: 63..32 of 64 by the first of them, 31..0 too.
    const rounded = row.toReversed().map((value) => {
      const scale = (value >= 1 / 2 ? 63 : 31) / 64 / 127;
      return Math.round(value / scale) * scale;
    });
    expect(out).toEqual(close(rounded));
  });

  it("linear multiplies what quantisation left", () => {
    const row = Array.from({ length: 32 }, (_, i) => (i === 0 ? 127 : i === 1 ? 3.4 : 0));
    const weights = { weight: matrixRef("w", 2, 32), bias: null };
    const selectFirstTwo = Array.from({ length: 64 }, (_, i) => (i === 0 || i === 33 ? 1 : 0));
    const out = outputOf([row], { w: selectFirstTwo }, (graph, value) => {
      const x = graph.add("quantize", "q", { inputs: { x: value }, weights: { order: null }, attributes: {} });
      return graph.add("linear", "y", { inputs: { x }, weights, attributes: {} });
    });
    expect(out).toEqual(close([127, 3]));
  });

  it("rope turns the pairs (i, i + headDim / 2) by position times frequency", () => {
    const out = outputOf(
      [
        [1, 0],
        [1, 0],
        [0, 1],
      ],
      {},
      (graph, x) => {
        const frequencies = graph.constant("quarter turns", Float32Array.of(Math.PI / 2));
        const table = graph.add("rope_table", "table", { inputs: {}, weights: { frequencies }, attributes: {} });
        return graph.add("rope", "y", { inputs: { x, table }, weights: {}, attributes: { heads: 1 } });
      },
    );
    expect(out).toEqual(close([1, 0, 0, 1, 0, -1]));
  });

  it("attention weighs the values of all positions up to its own, across pages", () => {
    // Keys are 0, so each row is the mean of the values so far.
    const out = outputOf(
      [
        [2, 0],
        [4, 0],
        [9, 3],
      ],
      { zeros: [0, 0, 0, 0, 0, 0] },
      (graph, v) => {
        const k = embedRows(graph, "zeros", 3, 2);
        graph.add("kv_store", "store", { inputs: { k, v }, weights: {}, attributes: { layer: 1 } });
        const attributes = { layer: 1, heads: 1, scale: 1, outType: "f32" } as const;
        return graph.add("attention", "y", { inputs: { q: v }, weights: {}, attributes });
      },
    );
    expect(out).toEqual(close([2, 0, 3, 0, 5, 1]));
  });

  it("attention scales scores, and query heads share a KV head", () => {
    // Row 1: head 0 scores 0 and ln 3, head 1 scores 0 and 0.
    const ln3 = Math.log(3);
    const out = outputOf(
      [
        [0, 0, 0, 0],
        [2 * ln3, 0, 0, 5],
      ],
      { k: [0, 0, 1, 0], v: [8, 0, 4, 0] },
      (graph, q) => {
        const k = embedRows(graph, "k", 2, 2);
        const v = embedRows(graph, "v", 2, 2);
        graph.add("kv_store", "store", { inputs: { k, v }, weights: {}, attributes: { layer: 0 } });
        const attributes = { layer: 0, heads: 2, scale: 0.5, outType: "f32" } as const;
        return graph.add("attention", "y", { inputs: { q }, weights: {}, attributes });
      },
    );
    expect(out).toEqual(close([8, 0, 8, 0, 0.25 * 8 + 0.75 * 4, 0, 6, 0]));
  });

  it("swiglu and linear_swiglu gate by silu", () => {
    const identity = {
      weights: { gate: matrixRef("g", 2, 2), up: matrixRef("u", 2, 2) },
      attributes: { outType: "f32" },
    } as const;
    const weights = { g: [1, 0, 0, 1], u: [0, 10, 10, 0] };
    const fused = outputOf([[1, 2]], weights, (graph, x) =>
      graph.add("linear_swiglu", "y", { inputs: { x }, ...identity }),
    );
    expect(fused).toEqual(close([SILU_1 * 20, SILU_2 * 10]));
    const plain = outputOf([[1, 2]], {}, (graph, x) =>
      graph.add("swiglu", "y", { inputs: { gate: x, up: x }, weights: {}, attributes: {} }),
    );
    expect(plain).toEqual(close([SILU_1, SILU_2 * 2]));
  });

  it("add and linear_add add", () => {
    const weights = { weight: matrixRef("w", 2, 2), bias: vectorRef("b", 2) };
    const out = outputOf([[1, 2]], { w: [0, 1, 1, 0], b: [100, 200] }, (graph, x) => {
      const residual = graph.add("add", "twice", { inputs: { a: x, b: x }, weights: {}, attributes: {} });
      return graph.add("linear_add", "y", { inputs: { x, residual }, weights, attributes: {} });
    });
    expect(out).toEqual(close([2 + 100 + 2, 1 + 200 + 4]));
  });

  it("linear_qkv norms and turns q and k but not v, and stores k and v", () => {
    const weights = {
      q: matrixRef("i", 2, 2),
      k: matrixRef("i", 2, 2),
      v: matrixRef("i", 2, 2),
      qBias: null,
      kBias: null,
      vBias: vectorRef("b", 2),
      qNorm: vectorRef("twos", 2),
      kNorm: null,
    };
    // A frequency of pi: the second position is half a turn on, which turns (2, 0) to (-2, 0).
    const out = outputOf(
      [
        [1, 0],
        [2, 0],
      ],
      { i: [1, 0, 0, 1], b: [0, 1], twos: [Math.SQRT2, Math.SQRT2] },
      (graph, x) => {
        const frequencies = graph.constant("half turns", Float32Array.of(Math.PI));
        const ropeTable = graph.add("rope_table", "table", { inputs: {}, weights: { frequencies }, attributes: {} });
        const q = graph.add("linear_qkv", "qkv", {
          inputs: { x, ropeTable },
          weights,
          attributes: { layer: 0, epsilon: 0 },
        });
        const attributes = { layer: 0, heads: 1, scale: 1, outType: "f32" } as const;
        return graph.add("attention", "attended", { inputs: { q }, weights: {}, attributes });
      },
    );
    // The norm makes the query of both rows (2, 0): row 1 scores -2 at (1, 0) and 4 at (-2, 0), so the first
    // value has the weight 1 / (1 + e^6).
    const first = 1 / (1 + Math.exp(6));
    expect(out).toEqual(close([1, 1, first + 2 * (1 - first), 1]));
  });
});

function linear(graph: GraphBuilder, x: ValueId, rows: number, columns: number): ValueId {
  const weights = { weight: matrixRef("w", rows, columns), bias: null };
  return graph.add("linear", "y", { inputs: { x }, weights, attributes: {} });
}

describe("shape rules", () => {
  it.each<readonly [name: string, problem: RegExp, build: (graph: GraphBuilder, x: ValueId) => unknown]>([
    ["a matrix of other columns", /node y: w is \[3, 5\] but rows has 6 columns/, (graph, x) => linear(graph, x, 3, 5)],
    [
      "a bias of another length",
      /node y: b has 2 elements, not 3/,
      (graph, x) =>
        graph.add("linear", "y", {
          inputs: { x },
          weights: { weight: matrixRef("w", 3, 6), bias: vectorRef("b", 2) },
          attributes: {},
        }),
    ],
    [
      "quantising half a group",
      /node q: 6 columns do not divide into groups of 32/,
      (graph, x) => graph.add("quantize", "q", { inputs: { x }, weights: { order: null }, attributes: {} }),
    ],
    [
      "adding other shapes",
      /node sum: rows is \[tokens, 6\] but y is \[tokens, 2\]/,
      (graph, x) =>
        graph.add("add", "sum", { inputs: { a: x, b: linear(graph, x, 2, 6) }, weights: {}, attributes: {} }),
    ],
    [
      "a layer that does not exist",
      /node store: layer 2 is outside 0..1/,
      (graph, x) => graph.add("kv_store", "store", { inputs: { k: x, v: x }, weights: {}, attributes: { layer: 2 } }),
    ],
    [
      "K of other columns",
      /node store: rows has 6 columns, not 2/,
      (graph, x) => graph.add("kv_store", "store", { inputs: { k: x, v: x }, weights: {}, attributes: { layer: 0 } }),
    ],
    [
      "other heads than columns",
      /node y: rows has 6 columns, not 4/,
      (graph, x) =>
        graph.add("attention", "y", {
          inputs: { q: x },
          weights: {},
          attributes: { layer: 0, heads: 2, scale: 1, outType: "f32" },
        }),
    ],
    [
      "gathering twice",
      /node again: the rows of once are not the step's tokens/,
      (graph, x) => {
        const once = graph.add("gather_rows", "once", { inputs: { x }, weights: {}, attributes: {} });
        return graph.add("gather_rows", "again", { inputs: { x: once }, weights: {}, attributes: {} });
      },
    ],
    ["a value that no node makes", /node y: no earlier node makes value 7/, (graph) => linear(graph, 7, 2, 6)],
    [
      "a negative epsilon",
      /node y: epsilon -1 is negative/,
      (graph, x) =>
        graph.add("rms_norm", "y", {
          inputs: { x },
          weights: { weight: vectorRef("n", 6) },
          attributes: { epsilon: -1, groups: 1, outType: "f32" },
        }),
    ],
  ])("refuse %s", (_, problem, build) => {
    const graph = createGraphBuilder("test", KV);
    const x = embedRows(graph, "rows", 4, 6);
    expect(() => build(graph, x)).toThrow(problem);
  });
});

describe("costs", () => {
  it("counts two operations for each weight and row, and reads weights once for all rows", () => {
    const context = {
      sizes: { tokens: 5, logitRows: 1, attendedPositions: 15 },
      kv: KV,
      columns: () => 6,
      rows: () => 5,
      weightBytes: () => 99,
      kvPositionBytes: 16,
    };
    const node = {
      op: "linear",
      name: "y",
      inputs: { x: 0 },
      weights: { weight: matrixRef("w", 3, 6), bias: null },
      attributes: {},
      out: 1,
    } as const;
    expect(OPS.linear.cost(node, context)).toEqual({ flops: 2 * 5 * 3 * 6, bytes: 99 });
    expect(OPS.linear.cost(node, { ...context, rows: () => 0 })).toEqual({ flops: 0, bytes: 0 });
    const attention = {
      op: "attention",
      name: "a",
      inputs: { q: 0 },
      weights: {},
      attributes: { layer: 0, heads: 3, scale: 1, outType: "f32" },
      out: 1,
    } as const;
    // Two products of 6 columns for each position attended.
    expect(OPS.attention.cost(attention, context)).toEqual({ flops: 4 * 6 * 15, bytes: 15 * 16 });
  });
});
