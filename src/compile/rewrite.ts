/** What passes share: who uses a value, replacing groups of nodes, dropping values that nobody makes. */

import { invariant } from "../base/invariant.ts";
import { type Graph, inputsOf } from "../graph/graph.ts";
import type { Node } from "../graph/ops/table.ts";
import type { ValueId, ValueInfo } from "../graph/types.ts";

export interface GraphUses {
  /** The node that makes a value. */
  producer(id: ValueId): Node;
  /** The nodes that read a value, in order; the graph's output has one reader more than are listed. */
  readers(id: ValueId): readonly Node[];
  /** The one node that reads a value, or null where there are several, or none, or it is the output. */
  onlyReader(id: ValueId): Node | null;
}

export function usesOf(graph: Graph): GraphUses {
  const producers = new Map<ValueId, Node>();
  const readers = graph.values.map((): Node[] => []);
  for (const node of graph.nodes) {
    if (node.out !== null) producers.set(node.out, node);
    for (const id of new Set(inputsOf(node).map(([, input]) => input))) readers[id]?.push(node);
  }
  return {
    producer(id) {
      const node = producers.get(id);
      invariant(node !== undefined, `value ${id} has a producer`);
      return node;
    },
    readers: (id) => readers[id] ?? [],
    onlyReader(id) {
      const [only, ...others] = readers[id] ?? [];
      return only === undefined || others.length > 0 || id === graph.output ? null : only;
    },
  };
}

/** Nodes that become one, which takes the place of the last of them. */
export interface Fusion {
  readonly parts: readonly Node[];
  readonly node: Node;
}

/** Offers each node to `match` and applies what it finds; no node may be part of two fusions. */
export function fuse(graph: Graph, match: (node: Node, uses: GraphUses) => Fusion | null): Graph {
  const uses = usesOf(graph);
  const order = new Map(graph.nodes.map((node, index) => [node, index]));
  const fused = new Set<Node>();
  const replacements = new Map<Node, Node>();
  for (const node of graph.nodes) {
    const fusion = match(node, uses);
    if (fusion === null) continue;
    for (const part of fusion.parts) {
      invariant(order.has(part) && !fused.has(part), `${part.name} is part of one fusion`);
      fused.add(part);
    }
    const last = fusion.parts.reduce((a, b) => ((order.get(a) ?? 0) > (order.get(b) ?? 0) ? a : b));
    replacements.set(last, fusion.node);
  }
  const nodes = graph.nodes.flatMap((node) => {
    const replacement = replacements.get(node);
    if (replacement !== undefined) return [replacement];
    return fused.has(node) ? [] : [node];
  });
  return compact({ ...graph, nodes });
}

/** Drops values that no node makes and numbers the rest in order; names and shapes follow the nodes. */
export function compact(graph: Graph): Graph {
  const values: ValueInfo[] = [];
  const ids = new Map<ValueId, ValueId>();
  const idOf = (id: ValueId): ValueId => {
    const found = ids.get(id);
    invariant(found !== undefined, `value ${id} is made before it is read`);
    return found;
  };
  const nodes = graph.nodes.map((node) => {
    const inputs = Object.fromEntries(inputsOf(node).map(([name, id]) => [name, idOf(id)]));
    if (node.out === null) return { ...node, inputs } as Node;
    const info = graph.values[node.out];
    invariant(info !== undefined, `value ${node.out} of ${node.name} is in the table`);
    const out = values.length;
    ids.set(node.out, out);
    values.push({ ...info, name: node.name });
    return { ...node, inputs, out } as Node;
  });
  return { ...graph, nodes, values, output: idOf(graph.output) };
}
