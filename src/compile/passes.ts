/** The compiler's passes, in the order in which they run. */

import { fail } from "../base/errors.ts";
import type { Graph } from "../graph/graph.ts";
import type { Pass, PassContext } from "./pass.ts";
import { fuseGateUp } from "./passes/fuse-gate-up.ts";
import { fuseQkv } from "./passes/fuse-qkv.ts";
import { fuseQuantize } from "./passes/fuse-quantize.ts";
import { fuseResidual } from "./passes/fuse-residual.ts";
import { gatherEarly } from "./passes/gather-early.ts";
import { quantizeActivations } from "./passes/quantize-activations.ts";

export const PASSES: readonly Pass[] = [
  quantizeActivations,
  fuseQkv,
  fuseGateUp,
  fuseResidual,
  fuseQuantize,
  gatherEarly,
];

/** The graph after each pass, in order. */
export function runPasses(
  graph: Graph,
  context: PassContext,
): readonly { readonly pass: Pass; readonly graph: Graph }[] {
  let current = graph;
  return PASSES.map((pass) => {
    current = pass.run(current, context);
    return { pass, graph: current };
  });
}

/** For `--dump`: `name` if it is one of `names`, else `pass_unknown`. */
export function requirePassName(name: string, names: readonly string[]): string {
  return names.includes(name) ? name : fail("pass_unknown", { pass: name, passes: names.join(", ") });
}
