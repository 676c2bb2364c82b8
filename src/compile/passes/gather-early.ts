/**
 * gather-early: what is needed for the logit rows alone is computed for them alone. The gather moves up
 * through row-wise ops, in Llama to just behind the last layer's attention, so that a prefill skips
 * that layer's output projection and feed-forward block for all rows but its last.
 */

import { type Graph, inputsOf } from "../../graph/graph.ts";
import { type Node, type Nodes, opOf } from "../../graph/ops/table.ts";
import type { ValueId, ValueInfo } from "../../graph/types.ts";
import type { Pass } from "../pass.ts";
import { compact, type GraphUses, usesOf } from "../rewrite.ts";

export const gatherEarly: Pass = {
  name: "gather-early",
  purpose: "compute for the logit rows alone what only they need",
  run: (graph) =>
    graph.nodes.reduce((current, node) => (node.op === "gather_rows" ? moveUp(current, node.name) : current), graph),
};

function moveUp(graph: Graph, name: string): Graph {
  const gather = graph.nodes.find(
    (node): node is Nodes["gather_rows"] => node.name === name && node.op === "gather_rows",
  );
  if (gather === undefined) return graph;
  const uses = usesOf(graph);
  const late = lateNodes(graph, uses, gather);
  if (!late.has(uses.producer(gather.inputs.x))) return graph;

  const values: ValueInfo[] = [...graph.values];
  const nodes: Node[] = [];
  const gathered = new Map<ValueId, ValueId>();
  const gatherOnce = (id: ValueId, info: ValueInfo): ValueId => {
    const known = gathered.get(id);
    if (known !== undefined) return known;
    const out = values.length;
    const gatheredName = `${info.name}.logit_rows`;
    values.push({ ...info, name: gatheredName, rows: "logitRows" });
    nodes.push({ op: "gather_rows", name: gatheredName, inputs: { x: id }, weights: {}, attributes: {}, out });
    gathered.set(id, out);
    return out;
  };

  for (const node of graph.nodes) {
    if (node === gather) continue;
    const inputs = inputsOf(node).map(([role, id]): [string, ValueId] => {
      if (id === gather.out) return [role, gather.inputs.x];
      const info = values[id];
      const isLate = late.has(node) && !late.has(uses.producer(id));
      return [role, isLate && info !== undefined ? gatherOnce(id, info) : id];
    });
    nodes.push({ ...node, inputs: Object.fromEntries(inputs) } as Node);
    const info = node.out === null ? undefined : values[node.out];
    if (late.has(node) && node.out !== null && info !== undefined) values[node.out] = { ...info, rows: "logitRows" };
  }
  const output = graph.output === gather.out ? gather.inputs.x : graph.output;
  return compact({ ...graph, nodes, values, output });
}

/** Row-wise nodes over the step's tokens whose results only the gather needs, directly or not. */
function lateNodes(graph: Graph, uses: GraphUses, gather: Node): ReadonlySet<Node> {
  const late = new Set<Node>();
  for (const node of graph.nodes.toReversed()) {
    if (node.out === null || node.out === graph.output || !opOf(node).rowwise) continue;
    const readers = uses.readers(node.out);
    if (readers.length > 0 && readers.every((reader) => reader === gather || late.has(reader))) late.add(node);
  }
  return late;
}
