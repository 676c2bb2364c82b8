/**
 * quantize-activations: projections by q8 and q4 weights read q8a. Each value is quantised once for all
 * of them. The one pass that changes results, by the rounding of the activations.
 */

import type { Graph } from "../../graph/graph.ts";
import type { Node } from "../../graph/ops/table.ts";
import type { ValueId, ValueInfo } from "../../graph/types.ts";
import type { Pass, PassContext } from "../pass.ts";
import { compact } from "../rewrite.ts";
import { INTEGER_FORMATS } from "../weight-formats.ts";

export const quantizeActivations: Pass = {
  name: "quantize-activations",
  purpose: "quantise what q8 and q4 weights multiply",
  run: quantizeOperands,
};

function quantizeOperands(graph: Graph, { formatOf }: PassContext): Graph {
  const values: ValueInfo[] = [...graph.values];
  const nodes: Node[] = [];
  const quantized = new Map<ValueId, ValueId>();
  const quantizeOnce = (x: ValueId, info: ValueInfo): ValueId => {
    const known = quantized.get(x);
    if (known !== undefined) return known;
    const out = values.length;
    const name = `${info.name}.q8a`;
    values.push({ ...info, name, type: "q8a" });
    nodes.push({ op: "quantize", name, inputs: { x }, weights: {}, attributes: {}, out });
    quantized.set(x, out);
    return out;
  };
  for (const node of graph.nodes) {
    const info = node.op === "linear" ? values[node.inputs.x] : undefined;
    if (node.op === "linear" && info?.type === "f32" && INTEGER_FORMATS[formatOf(node.weights.weight)]) {
      const x = quantizeOnce(node.inputs.x, info);
      nodes.push({ ...node, inputs: { x } });
    } else {
      nodes.push(node);
    }
  }
  return compact({ ...graph, nodes, values });
}
