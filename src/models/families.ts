/** The one table of families. Adding one is a file with a spec reader and a builder, and a row here. */

import { fail } from "../base/errors.ts";
import type { Graph } from "../graph/graph.ts";
import type { SpecSource } from "./gguf-spec.ts";
import { buildLlama, llamaSpec } from "./llama.ts";
import type { Architecture, ModelSpec } from "./model-spec.ts";

interface Family {
  /** Reads the spec; refuses by name what the builder does not build. */
  specFromGguf(model: SpecSource): ModelSpec;
  build(spec: ModelSpec): Graph;
}

const FAMILIES: { readonly [Name in Architecture]: Family } = {
  llama: { specFromGguf: llamaSpec, build: buildLlama },
};

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
  return FAMILIES[known].specFromGguf(model);
}

/** The model's graph, verified, before any pass. */
export function buildGraph(spec: ModelSpec): Graph {
  return FAMILIES[spec.architecture].build(spec);
}
