/**
 * fuse-quantize: an op that can quantise what it makes does so where nothing reads the f32 value, so
 * that activations are quantised once, by the thread that has them at hand. What goes to another order of
 * columns does not: a group then has columns of the whole row, which the op makes piece by piece.
 */

import type { Node } from "../../graph/ops/table.ts";
import type { Pass } from "../pass.ts";
import { fuse, type Fusion, type GraphUses } from "../rewrite.ts";

export const fuseQuantize: Pass = {
  name: "fuse-quantize",
  purpose: "quantise in the epilogue of RMSNorm, attention and SwiGLU",
  run: (graph) => fuse(graph, matchQuantize),
};

function matchQuantize(quantize: Node, uses: GraphUses): Fusion | null {
  if (quantize.op !== "quantize" || quantize.weights.order !== null) return null;
  if (uses.onlyReader(quantize.inputs.x) !== quantize) return null;
  const producer = uses.producer(quantize.inputs.x);
  if (!("outType" in producer.attributes)) return null;
  const attributes = { ...producer.attributes, outType: "q8a" };
  return { parts: [producer, quantize], node: { ...producer, attributes, out: quantize.out } as Node };
}
