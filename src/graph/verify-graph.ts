/**
 * The rules every graph obeys, after the builder and after each pass: single assignment in order,
 * unique names, types and shapes as the ops infer them, K and V written before they are read.
 * A broken rule is `graph_invalid` with the node named.
 */

import { fail } from "../base/errors.ts";
import { type Graph, inputsOf, layerOf, weightsOf } from "./graph.ts";
import type { InferContext } from "./op.ts";
import { type Node, opOf } from "./ops/table.ts";
import type { KvGroup, ValueId, ValueInfo } from "./types.ts";

export function verifyGraph(graph: Graph): void {
  requireOf(graph.name, graph.nodes.length > 0, "it has no nodes");
  verifyKv(graph.name, graph.kv);
  const made = new Set<ValueId>();
  const names = new Set<string>();
  const written = new Set<number>();
  for (const node of graph.nodes) {
    requireOf(node.name, !names.has(node.name), "its name is taken");
    names.add(node.name);
    verifyConstants(graph, node);
    verifyOut(graph, node, made);
    verifyPages(node, written);
    if (node.out !== null) made.add(node.out);
  }
  for (const [id, value] of graph.values.entries()) requireOf(value.name, made.has(id), `no node makes value ${id}`);
  verifyOutput(graph);
}

/** Names and shapes an op's rule needs, over the values made so far. */
export function inferContext(node: Node, kv: KvGroup, valueOf: (id: ValueId) => ValueInfo | undefined): InferContext {
  return {
    kv,
    value(id) {
      const value = valueOf(id);
      if (value === undefined) fail("graph_invalid", { node: node.name, problem: `no earlier node makes value ${id}` });
      return value;
    },
    require: (condition, problem) => requireOf(node.name, condition, problem),
  };
}

function verifyOut(graph: Graph, node: Node, made: ReadonlySet<ValueId>): void {
  const context = inferContext(node, graph.kv, (id) => (made.has(id) ? graph.values[id] : undefined));
  for (const [, id] of inputsOf(node)) context.value(id);
  const shape = opOf(node).infer(node, context);
  if (node.out === null || shape === null) {
    context.require(node.out === null && shape === null, "it has a value but its op makes none, or the reverse");
    return;
  }
  const value = graph.values[node.out];
  if (value === undefined) fail("graph_invalid", { node: node.name, problem: `there is no value ${node.out}` });
  context.require(!made.has(node.out), `value ${node.out} is made twice`);
  context.require(value.name === node.name, `its value is named ${value.name}`);
  const same = value.type === shape.type && value.rows === shape.rows && value.columns === shape.columns;
  context.require(same, `its value is ${shapeText(value)}, its op makes ${shapeText(shape)}`);
}

function verifyConstants(graph: Graph, node: Node): void {
  for (const [role, ref] of weightsOf(node)) {
    const constant = graph.constants.get(ref.tensor);
    if (constant === undefined) continue;
    const fits = ref.kind === "vector" && ref.columns === constant.length;
    requireOf(node.name, fits, `${role} does not fit the constant ${ref.tensor} of ${constant.length} elements`);
  }
}

/** Each layer's pages are written once, and read only after that. */
function verifyPages(node: Node, written: Set<number>): void {
  const layer = layerOf(node);
  const access = opOf(node).pages;
  if (layer === null || access === "none") return;
  if (access === "writes") {
    requireOf(node.name, !written.has(layer), `K and V of layer ${layer} are written twice`);
    written.add(layer);
  } else {
    requireOf(node.name, written.has(layer), `K and V of layer ${layer} are read before they are written`);
  }
}

function verifyKv(name: string, { layers, kvHeads, headDim }: KvGroup): void {
  for (const size of [layers, kvHeads, headDim]) {
    requireOf(name, Number.isInteger(size) && size >= 1, `${size} is not a size of the KV group`);
  }
  requireOf(name, headDim % 2 === 0, `the head dimension ${headDim} is odd`);
}

function verifyOutput(graph: Graph): void {
  const output = graph.values[graph.output];
  const fits = output?.type === "f32" && output.rows === "logitRows";
  requireOf(output?.name ?? graph.name, fits, "the output is not an f32 value of the logit rows");
}

function requireOf(node: string, condition: boolean, problem: string): void {
  if (!condition) fail("graph_invalid", { node, problem });
}

function shapeText({ type, rows, columns }: { type: string; rows: string; columns: number }): string {
  return `${type}[${rows}, ${columns}]`;
}
