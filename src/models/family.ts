/** What a family of models is: how sources describe its members, and the graph of one. */

import type { Graph } from "../graph/graph.ts";
import type { ModelSpec } from "./model-spec.ts";

export interface Family {
  /** What GGUF's metadata does not say of the family's files. */
  readonly gguf: Pick<ModelSpec, "ropePairing" | "headNorm">;
  build(spec: ModelSpec): Graph;
}
