import { describe, expect, it } from "vitest";
import { createGraphBuilder } from "./graph-builder.ts";
import type { Graph } from "./graph.ts";
import type { Node } from "./ops/table.ts";
import { verifyGraph } from "./verify-graph.ts";
import { matrixRef } from "./weight-ref.ts";

const KV = { layers: 1, kvHeads: 1, headDim: 4 } as const;

/** embed, store and attend once, gather. */
function validGraph(): Graph {
  const graph = createGraphBuilder("valid", KV);
  const x = graph.add("embed", "x", { inputs: {}, weights: { weight: matrixRef("e", 8, 4) }, attributes: {} });
  graph.add("kv_store", "store", { inputs: { k: x, v: x }, weights: {}, attributes: { layer: 0 } });
  const attended = graph.add("attention", "attended", {
    inputs: { q: x },
    weights: {},
    attributes: { layer: 0, heads: 1, scale: 1, outType: "f32" },
  });
  return graph.finish(graph.add("gather_rows", "out", { inputs: { x: attended }, weights: {}, attributes: {} }));
}

function replaced(graph: Graph, name: string, change: (node: Node) => Node): Graph {
  return { ...graph, nodes: graph.nodes.map((node) => (node.name === name ? change(node) : node)) };
}

describe("verifyGraph", () => {
  it("accepts a valid graph", () => {
    expect(() => verifyGraph(validGraph())).not.toThrow();
  });

  it.each<readonly [name: string, problem: RegExp, break_: (graph: Graph) => Graph]>([
    ["no nodes", /has no nodes/, (graph) => ({ ...graph, nodes: [] })],
    [
      "two nodes of one name",
      /node x: its name is taken/,
      (graph) => replaced(graph, "attended", (node) => ({ ...node, name: "x" })),
    ],
    [
      "a use before the definition",
      /node attended: no earlier node makes value 0/,
      (graph) => ({ ...graph, nodes: [...graph.nodes.slice(2), ...graph.nodes.slice(0, 2)] }),
    ],
    [
      "a value made twice",
      /node attended: value 0 is made twice/,
      (graph) => replaced(graph, "attended", (node) => ({ ...node, out: 0 }) as Node),
    ],
    [
      "a value without a node",
      /node extra: no node makes value 3/,
      (graph) => ({ ...graph, values: [...graph.values, { name: "extra", type: "f32", rows: "tokens", columns: 4 }] }),
    ],
    [
      "a value of another shape than its op makes",
      /node x: its value is f32\[tokens, 5\], its op makes f32\[tokens, 4\]/,
      (graph) => ({
        ...graph,
        values: graph.values.map((value) => (value.name === "x" ? { ...value, columns: 5 } : value)),
      }),
    ],
    [
      "a value of another name than its node",
      /node x: its value is named y/,
      (graph) => ({
        ...graph,
        values: graph.values.map((value) => (value.name === "x" ? { ...value, name: "y" } : value)),
      }),
    ],
    [
      "pages read before they are written",
      /node attended: K and V of layer 0 are read before/,
      (graph) => ({ ...graph, nodes: graph.nodes.filter(({ name }) => name !== "store") }),
    ],
    [
      "pages written twice",
      /node again: K and V of layer 0 are written twice/,
      (graph) => ({
        ...graph,
        nodes: graph.nodes.flatMap((node) => (node.name === "store" ? [node, { ...node, name: "again" }] : [node])),
      }),
    ],
    ["an output that is no logits", /node x: the output is not/, (graph) => ({ ...graph, output: 0 })],
    [
      "an odd head dimension",
      /node valid: the head dimension 3 is odd/,
      (graph) => ({ ...graph, kv: { ...KV, headDim: 3 } }),
    ],
    ["no layers", /node valid: 0 is not a size/, (graph) => ({ ...graph, kv: { ...KV, layers: 0 } })],
    [
      "a constant for a matrix",
      /node x: weight does not fit the constant e/,
      (graph) => ({ ...graph, constants: new Map([["e", new Float32Array(4)]]) }),
    ],
  ])("refuses %s", (_, problem, break_) => {
    expect(() => verifyGraph(break_(validGraph()))).toThrow(problem);
  });
});

it("refuses a constant under a name that is taken", () => {
  const graph = createGraphBuilder("test", KV);
  graph.constant("c", new Float32Array(2));
  expect(() => graph.constant("c", new Float32Array(2))).toThrow(/node c: the constant exists/);
});
