/** The one table of families. Adding one is a file with its record, and a row here. */

import { fail } from "../base/errors.ts";
import type { Graph } from "../graph/graph.ts";
import type { Family } from "./family.ts";
import { specFromMetadata, type SpecSource } from "./gguf/gguf-spec.ts";
import { llama } from "./llama.ts";
import type { Architecture, ModelSpec, RopePairing } from "./model-spec.ts";
import { qwen2, qwen3 } from "./qwen.ts";

const FAMILIES: { readonly [Name in Architecture]: Family } = { llama, qwen2, qwen3 };

/** Names for `general.architecture` that run. */
export const ARCHITECTURES = Object.keys(FAMILIES) as readonly Architecture[];

/**
 * What the file's metadata says of the model. Throws `architecture_unsupported`, `metadata_missing`,
 * `metadata_invalid` and `model_feature_unsupported`.
 */
export function specFromGguf(model: SpecSource): ModelSpec {
  const architecture = model.metadata.getString("general.architecture");
  const known = ARCHITECTURES.find((name) => name === architecture);
  if (known === undefined) fail("architecture_unsupported", { architecture, supported: ARCHITECTURES.join(", ") });
  return { ...specFromMetadata(model, known), ...FAMILIES[known].gguf };
}

/** The model's graph, verified, before any pass. */
export function buildGraph(spec: ModelSpec): Graph {
  return FAMILIES[spec.architecture].build(spec);
}

/** How GGUF files of the family order the rows of Q and K. */
export function ggufRopePairing(architecture: Architecture): RopePairing {
  return FAMILIES[architecture].gguf.ropePairing;
}
