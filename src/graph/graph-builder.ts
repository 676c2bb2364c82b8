/**
 * Builds a graph node by node. Shapes are inferred, never given; a node that breaks its op's rule
 * fails at once, with its name.
 */

import { fail } from "../base/errors.ts";
import type { Graph } from "./graph.ts";
import { type Node, type Nodes, opOf, type OpName } from "./ops/table.ts";
import type { KvGroup, ValueId, ValueInfo, WeightRef } from "./types.ts";
import { inferContext, verifyGraph } from "./verify-graph.ts";
import { vectorRef } from "./weight-ref.ts";

/** What a node of `Op` is given; null is allowed only for weights that are optional. */
export type NodeFields<Op extends OpName> = Pick<Nodes[Op], "inputs" | "weights" | "attributes">;

export interface GraphBuilder {
  /** Adds a node and returns its value. `name` is unique in the graph. */
  add<Op extends OpName>(op: Op, name: string, fields: NodeFields<Op>): Nodes[Op]["out"];
  /** A vector that no file holds, under a name that no tensor has. */
  constant(name: string, values: Float32Array): WeightRef;
  /** The verified graph; `output` is its logits. */
  finish(output: ValueId): Graph;
}

export function createGraphBuilder(name: string, kv: KvGroup): GraphBuilder {
  const values: ValueInfo[] = [];
  const nodes: Node[] = [];
  const constants = new Map<string, Float32Array>();
  return {
    add(op, nodeName, fields) {
      // The fields are those of `op`, and whether there is a value is decided by the same op below.
      const draft = { op, name: nodeName, ...fields, out: values.length } as unknown as Node;
      const shape = opOf(draft).infer(
        draft,
        inferContext(draft, kv, (id) => values[id]),
      );
      const node = shape === null ? ({ ...draft, out: null } as Node) : draft;
      nodes.push(node);
      if (shape !== null) values.push({ name: nodeName, ...shape });
      return node.out;
    },
    constant(constantName, constantValues) {
      if (constants.has(constantName)) {
        fail("graph_invalid", { node: constantName, problem: "the constant exists already" });
      }
      constants.set(constantName, constantValues);
      return vectorRef(constantName, constantValues.length);
    },
    finish(output) {
      const graph: Graph = { name, values, nodes, kv, constants, output };
      verifyGraph(graph);
      return graph;
    },
  };
}
