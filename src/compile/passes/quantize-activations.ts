/**
 * quantize-activations: projections by integer weights read q8a. Each value is quantised once for all of them
 * that want their columns in one order. The one pass that changes results, by the rounding of the activations.
 *
 * Weights whose source stores their columns in another order than the model's (GPTQ's act-order) stay so, and what
 * they multiply is put into that order as it is quantised. Projections that GPTQ calibrated on one input
 * (Q, K and V; gate and up) have one order, so they share it and can be fused.
 */

import { at } from "../../base/invariant.ts";
import { operandOf } from "../../base/weight-formats.ts";
import type { Graph } from "../../graph/graph.ts";
import type { Node, Nodes } from "../../graph/ops/table.ts";
import type { ValueId, ValueInfo, WeightRef } from "../../graph/types.ts";
import { vectorRef } from "../../graph/weight-ref.ts";
import type { Pass, PassContext } from "../pass.ts";
import { compact } from "../rewrite.ts";

export const quantizeActivations: Pass = {
  name: "quantize-activations",
  purpose: "quantise what integer weights multiply",
  run: quantizeOperands,
};

/** Of one value; `order` is null where its columns stay as they are. */
interface Quantized {
  readonly order: Uint32Array | null;
  readonly out: ValueId;
}

function quantizeOperands(graph: Graph, { formatOf, storedOrderOf }: PassContext): Graph {
  const values: ValueInfo[] = [...graph.values];
  const constants = new Map(graph.constants);
  const nodes: Node[] = [];
  const quantized = new Map<ValueId, Quantized[]>();

  const orderRef = (order: Uint32Array, tensor: string): WeightRef => {
    const name = `${tensor}.column_order`;
    constants.set(name, Float32Array.from(order));
    return vectorRef(name, order.length);
  };
  const quantizeOnce = (x: ValueId, order: Uint32Array | null, tensor: string): ValueId => {
    const known = quantized.get(x) ?? [];
    const same = known.find((other) => isSameOrder(other.order, order));
    if (same !== undefined) return same.out;
    const info = at(values, x);
    const out = values.length;
    const name = order === null ? `${info.name}.q8a` : `${info.name}.q8a.${tensor}`;
    values.push({ ...info, name, type: "q8a" });
    const weights = { order: order === null ? null : orderRef(order, tensor) };
    nodes.push({ op: "quantize", name, inputs: { x }, weights, attributes: {}, out });
    quantized.set(x, [...known, { order, out }]);
    return out;
  };
  const withOperand = (node: Nodes["linear"]): Node => {
    const { x } = node.inputs;
    const order = storedOrderOf(node.weights.weight);
    const weight: WeightRef = order === null ? node.weights.weight : { ...node.weights.weight, columnOrder: "stored" };
    if (at(values, x).type !== "f32" || operandOf(formatOf(weight)) === "f32") return node;
    return { ...node, inputs: { x: quantizeOnce(x, order, weight.tensor) }, weights: { ...node.weights, weight } };
  };

  for (const node of graph.nodes) nodes.push(node.op === "linear" ? withOperand(node) : node);
  return compact({ ...graph, nodes, values, constants });
}

function isSameOrder(a: Uint32Array | null, b: Uint32Array | null): boolean {
  if (a === null || b === null) return a === b;
  return a.length === b.length && a.every((column, index) => column === b[index]);
}
