/**
 * A graph as stable text, one node a line, for goldens and `turnwise inspect --dump`:
 *
 *     %4 blk.0.attn_q: f32[tokens, 64] = linear x=%3 weight=blk.0.attn_q.weight[64, 64]
 */

import { type Graph, inputsOf, weightsOf } from "./graph.ts";
import type { Node } from "./ops/table.ts";
import type { ValueInfo, WeightRef } from "./types.ts";

/** `formatOf` adds how each matrix is stored, where that is known. */
export function printGraph(graph: Graph, formatOf?: (ref: WeightRef) => string): string {
  const { layers, kvHeads, headDim } = graph.kv;
  const lines = [`graph ${graph.name}: kv ${layers} layers x ${kvHeads} heads x ${headDim}`];
  for (const node of graph.nodes) lines.push(printNode(node, graph.values, formatOf));
  lines.push(`output %${graph.output}`);
  return `${lines.join("\n")}\n`;
}

function printNode(
  node: Node,
  values: readonly ValueInfo[],
  formatOf: ((ref: WeightRef) => string) | undefined,
): string {
  const words: string[] = [node.op];
  for (const [name, id] of inputsOf(node)) words.push(`${name}=%${id}`);
  for (const [role, ref] of weightsOf(node)) words.push(`${role}=${printWeight(ref, formatOf)}`);
  for (const [name, value] of Object.entries<number | string>(node.attributes)) words.push(`${name}=${value}`);
  const value = node.out === null ? undefined : values[node.out];
  const head =
    value === undefined ? node.name : `%${node.out} ${node.name}: ${value.type}[${value.rows}, ${value.columns}]`;
  return `${head} = ${words.join(" ")}`;
}

function printWeight(ref: WeightRef, formatOf: ((ref: WeightRef) => string) | undefined): string {
  const shape = ref.kind === "vector" ? `[${ref.columns}]` : `[${ref.rows}, ${ref.columns}]`;
  const format = ref.kind === "matrix" && formatOf !== undefined ? `:${formatOf(ref)}` : "";
  const order = ref.rowOrder.kind === "source" ? "" : `:${ref.rowOrder.kind}`;
  const columnOrder = ref.columnOrder === "own" ? "" : ":stored-columns";
  return `${ref.tensor}${shape}${format}${order}${columnOrder}`;
}
