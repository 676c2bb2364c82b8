/**
 * quantize-activations: projections by integer weights read q8a. Each value is quantised once for all
 * of them that want the same operand. The one pass that changes results, by the rounding of the activations.
 */

import { operandOf } from "../../base/weight-formats.ts";
import type { Graph } from "../../graph/graph.ts";
import type { Node } from "../../graph/ops/table.ts";
import type { ValueId, ValueInfo } from "../../graph/types.ts";
import type { Pass, PassContext } from "../pass.ts";
import { compact } from "../rewrite.ts";

export const quantizeActivations: Pass = {
  name: "quantize-activations",
  purpose: "quantise what integer weights multiply",
  run: quantizeOperands,
};

function quantizeOperands(graph: Graph, { formatOf }: PassContext): Graph {
  const values: ValueInfo[] = [...graph.values];
  const nodes: Node[] = [];
  const quantized = new Map<string, ValueId>();
  const quantizeOnce = (x: ValueId, info: ValueInfo, type: "q8a"): ValueId => {
    const key = `${x} ${type}`;
    const known = quantized.get(key);
    if (known !== undefined) return known;
    const out = values.length;
    const name = `${info.name}.${type}`;
    values.push({ ...info, name, type });
    nodes.push({ op: "quantize", name, inputs: { x }, weights: {}, attributes: {}, out });
    quantized.set(key, out);
    return out;
  };
  for (const node of graph.nodes) {
    const info = node.op === "linear" ? values[node.inputs.x] : undefined;
    const operand = node.op === "linear" ? operandOf(formatOf(node.weights.weight)) : "f32";
    if (node.op === "linear" && info?.type === "f32" && operand !== "f32") {
      nodes.push({ ...node, inputs: { x: quantizeOnce(node.inputs.x, info, operand) } });
    } else {
      nodes.push(node);
    }
  }
  return compact({ ...graph, nodes, values });
}
