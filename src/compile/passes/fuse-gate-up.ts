/** fuse-gate-up: both projections into the feed-forward block and SwiGLU, where both read one operand. */

import { operandOf } from "../../base/weight-formats.ts";
import type { Node, Nodes } from "../../graph/ops/table.ts";
import type { ValueId } from "../../graph/types.ts";
import type { Pass, PassContext } from "../pass.ts";
import { fuse, type Fusion, type GraphUses } from "../rewrite.ts";

export const fuseGateUp: Pass = {
  name: "fuse-gate-up",
  purpose: "project gate and up and apply SwiGLU in one node",
  run: (graph, context) => fuse(graph, (node, uses) => matchGateUp(node, uses, context)),
};

function matchGateUp(swiglu: Node, uses: GraphUses, { formatOf }: PassContext): Fusion | null {
  if (swiglu.op !== "swiglu") return null;
  const gate = plainProjection(swiglu.inputs.gate, swiglu, uses);
  const up = plainProjection(swiglu.inputs.up, swiglu, uses);
  if (gate === null || up === null || gate === up || gate.inputs.x !== up.inputs.x) return null;
  if (operandOf(formatOf(gate.weights.weight)) !== operandOf(formatOf(up.weights.weight))) return null;
  return {
    parts: [gate, up, swiglu],
    node: {
      op: "linear_swiglu",
      name: swiglu.name,
      inputs: { x: gate.inputs.x },
      weights: { gate: gate.weights.weight, up: up.weights.weight },
      attributes: { outType: "f32" },
      out: swiglu.out,
    },
  };
}

/** A projection without bias that only `reader` uses. */
function plainProjection(id: ValueId, reader: Node, uses: GraphUses): Nodes["linear"] | null {
  const node = uses.producer(id);
  return node.op === "linear" && node.weights.bias === null && uses.onlyReader(id) === reader ? node : null;
}
