/** What each pass fuses and what it leaves alone. That results stay the same is in test/conformance. */

import { describe, expect, it } from "vitest";
import type { WeightFormat } from "../base/weight-formats.ts";
import { createGraphBuilder, type GraphBuilder } from "../graph/graph-builder.ts";
import type { Graph } from "../graph/graph.ts";
import type { ValueId } from "../graph/types.ts";
import { verifyGraph } from "../graph/verify-graph.ts";
import { matrixRef, vectorRef } from "../graph/weight-ref.ts";
import type { PassContext } from "./pass.ts";
import { PASSES, requirePassName, runPasses } from "./passes.ts";

const KV = { layers: 1, kvHeads: 1, headDim: 32 } as const;
const WIDTH = 32;

/** Names of matrices whose format is not int8_g32. */
type Formats = Readonly<Record<string, WeightFormat>>;
/** In which order the source stores the columns of a weight. */
type Orders = Readonly<Record<string, Uint32Array>>;

function projected(graph: GraphBuilder, name: string, x: ValueId): ValueId {
  const weights = { weight: matrixRef(name, WIDTH, WIDTH), bias: null };
  return graph.add("linear", name, { inputs: { x }, weights, attributes: {} });
}

function normed(graph: GraphBuilder, name: string, x: ValueId): ValueId {
  const weights = { weight: vectorRef(name, WIDTH) };
  return graph.add("rms_norm", name, {
    inputs: { x },
    weights,
    attributes: { epsilon: 1e-5, groups: 1, outType: "f32" },
  });
}

/** One block of attention and one of feed-forward, written out. */
function blockGraph(): Graph {
  const graph = createGraphBuilder("block", KV);
  const x = graph.add("embed", "embed", {
    inputs: {},
    weights: { weight: matrixRef("embed", 9, WIDTH) },
    attributes: {},
  });
  const frequencies = graph.constant("frequencies", new Float32Array(WIDTH / 2));
  const table = graph.add("rope_table", "table", { inputs: {}, weights: { frequencies }, attributes: {} });
  const rope = (name: string, value: ValueId): ValueId =>
    graph.add("rope", name, { inputs: { x: value, table }, weights: {}, attributes: { heads: 1 } });
  const a = normed(graph, "norm", x);
  const q = rope("turned_q", projected(graph, "q", a));
  const k = rope("turned_k", projected(graph, "k", a));
  const v = projected(graph, "v", a);
  graph.add("kv_store", "store", { inputs: { k, v }, weights: {}, attributes: { layer: 0 } });
  const attended = graph.add("attention", "attention", {
    inputs: { q },
    weights: {},
    attributes: { layer: 0, heads: 1, scale: 1, outType: "f32" },
  });
  const o = projected(graph, "o", attended);
  const middle = graph.add("add", "middle", { inputs: { a: x, b: o }, weights: {}, attributes: {} });
  const b = normed(graph, "ffn_norm", middle);
  const inputs = { gate: projected(graph, "gate", b), up: projected(graph, "up", b) };
  const gated = graph.add("swiglu", "gated", { inputs, weights: {}, attributes: {} });
  const down = projected(graph, "down", gated);
  const last = graph.add("add", "last", { inputs: { a: middle, b: down }, weights: {}, attributes: {} });
  const rows = graph.add("gather_rows", "rows", { inputs: { x: last }, weights: {}, attributes: {} });
  return graph.finish(projected(graph, "head", rows));
}

/** "op name" of each node after all passes. */
function compiled(formats: Formats, graph = blockGraph(), orders: Orders = {}): string[] {
  const context: PassContext = {
    formatOf: ({ tensor }) => formats[tensor] ?? "int8_g32",
    storedOrderOf: ({ tensor }) => orders[tensor] ?? null,
  };
  const after = runPasses(graph, context).at(-1)?.graph ?? graph;
  verifyGraph(after);
  return after.nodes.map((node) => {
    const type = node.out === null ? "" : ` ${after.values[node.out]?.type}`;
    return `${node.op} ${node.name}${type}`;
  });
}

describe("the passes together", () => {
  it("fuse a block of one integer format", () => {
    expect(compiled({})).toEqual([
      "embed embed f32",
      "rope_table table f32",
      "rms_norm norm q8a",
      "linear_qkv turned_q f32",
      "attention attention q8a",
      "gather_rows attention.logit_rows q8a",
      "gather_rows embed.logit_rows f32",
      "linear_add middle f32",
      "rms_norm ffn_norm q8a",
      "linear_swiglu gated q8a",
      "linear_add last f32",
      "quantize rows.q8a q8a",
      "linear head f32",
    ]);
  });

  it("quantise nothing for float weights", () => {
    const names = ["q", "k", "v", "o", "gate", "up", "down", "head"];
    const nodes = compiled(Object.fromEntries(names.map((name) => [name, "f16"])));
    expect(nodes.filter((node) => node.includes("q8a"))).toEqual([]);
    expect(nodes).toContain("linear_qkv turned_q f32");
    expect(nodes).toContain("linear_swiglu gated f32");
  });

  it("fuse projections of different formats that read one operand", () => {
    const nodes = compiled({ v: "int4_g32", up: "int4_g32" });
    expect(nodes).toContain("linear_qkv turned_q f32");
    expect(nodes).toContain("linear_swiglu gated q8a");
  });

  it("leave Q, K and V apart where one reads another operand, and quantise that of the others once", () => {
    const nodes = compiled({ v: "f16" });
    expect(nodes).not.toContain("linear_qkv turned_q f32");
    expect(nodes.slice(2, 10)).toEqual([
      "rms_norm norm f32",
      "quantize norm.q8a q8a",
      "linear q f32",
      "rope turned_q f32",
      "linear k f32",
      "rope turned_k f32",
      "linear v f32",
      "kv_store store",
    ]);
  });

  it("keep the f32 value beside the quantised one where both are read", () => {
    expect(compiled({ v: "f32" }).slice(2, 5)).toEqual(["rms_norm norm f32", "quantize norm.q8a q8a", "linear q f32"]);
  });

  it("leave gate and up apart where their operands differ", () => {
    expect(compiled({ up: "f16" })).toContain("swiglu gated f32");
  });

  it("keep SwiGLU in f32 where the next projection is a float one", () => {
    expect(compiled({ down: "f16" })).toContain("linear_swiglu gated f32");
  });
});

describe("weights whose columns are stored in another order", () => {
  const reversed = Uint32Array.from({ length: WIDTH }, (_, column) => WIDTH - 1 - column);
  const rotated = Uint32Array.from({ length: WIDTH }, (_, column) => (column + 1) % WIDTH);

  it("are fused where they share it, and what they multiply is quantised into it", () => {
    // Arrays of their own, as each weight of a file has.
    const orders = { q: reversed, k: reversed.slice(), v: reversed.slice(), gate: rotated, up: rotated.slice() };
    const nodes = compiled({}, blockGraph(), orders);
    expect(nodes.slice(2, 5)).toEqual(["rms_norm norm f32", "quantize norm.q8a.q q8a", "linear_qkv turned_q f32"]);
    expect(nodes).toContain("quantize ffn_norm.q8a.gate q8a");
    expect(nodes).toContain("linear_swiglu gated q8a");
  });

  it("run apart where one has another", () => {
    const nodes = compiled({}, blockGraph(), { q: reversed, k: reversed, v: rotated, up: reversed });
    expect(nodes).toContain("quantize norm.q8a.q q8a");
    expect(nodes).toContain("quantize norm.q8a.v q8a");
    expect(nodes).not.toContain("linear_qkv turned_q f32");
    expect(nodes).toContain("quantize ffn_norm.q8a q8a");
    expect(nodes).toContain("quantize ffn_norm.q8a.up q8a");
    expect(nodes).toContain("swiglu gated f32");
  });

  it("are left to decoding where the format is a float one", () => {
    expect(compiled({ down: "f32" }, blockGraph(), { down: reversed })).toContain("linear_swiglu gated f32");
  });
});

describe("fuse-residual", () => {
  it("does not swallow a projection that something else reads", () => {
    const graph = createGraphBuilder("shared", KV);
    const x = graph.add("embed", "embed", {
      inputs: {},
      weights: { weight: matrixRef("embed", 9, WIDTH) },
      attributes: {},
    });
    const y = projected(graph, "shared", x);
    const sum = graph.add("add", "sum", { inputs: { a: x, b: y }, weights: {}, attributes: {} });
    const twice = graph.add("add", "twice", { inputs: { a: sum, b: y }, weights: {}, attributes: {} });
    const out = graph.add("gather_rows", "rows", { inputs: { x: twice }, weights: {}, attributes: {} });
    const nodes = compiled({ shared: "f32" }, graph.finish(out));
    expect(nodes.filter((node) => node.startsWith("linear"))).toHaveLength(1);
    expect(nodes.filter((node) => node.startsWith("add"))).toHaveLength(2);
  });
});

describe("the list", () => {
  it("has names that are unique, and a purpose each", () => {
    expect(new Set(PASSES.map(({ name }) => name)).size).toBe(PASSES.length);
    for (const { purpose } of PASSES) expect(purpose).not.toBe("");
  });

  it("refuses a name that is none of it", () => {
    expect(requirePassName("a", ["a", "b"])).toBe("a");
    expect(() => requirePassName("c", ["a", "b"])).toThrow("There is no pass named c. Passes: a, b.");
  });
});
