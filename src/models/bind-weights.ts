/**
 * Matches a graph's weights with a source's: every one is there, with the right shape and an encoding
 * that runs, and the source has none that the graph leaves out, since that would be another model.
 */

import { fail } from "../base/errors.ts";
import type { StoredWeight } from "../formats/stored-weight.ts";
import { type Graph, weightsOf } from "../graph/graph.ts";
import type { WeightRef } from "../graph/types.ts";
import type { ModelSource } from "./model-source.ts";

/** The source's weights by name, as far as the graph uses them. */
export type BoundWeights = ReadonlyMap<string, StoredWeight>;

/** What binding asks of a source. */
export type WeightSource = Pick<ModelSource, "weight" | "weightNames" | "tensorName" | "shapeText">;

/** Throws `weight_missing`, `weight_shape`, `tensor_type_unsupported`, `model_feature_unsupported`. */
export function bindWeights(graph: Graph, source: WeightSource): BoundWeights {
  const bound = new Map<string, StoredWeight>();
  for (const node of graph.nodes) {
    for (const [, ref] of weightsOf(node)) {
      if (!graph.constants.has(ref.tensor)) bound.set(ref.tensor, bindWeight(ref, source));
    }
  }
  for (const name of source.weightNames) {
    if (!bound.has(name)) {
      fail("model_feature_unsupported", {
        feature: `the tensor ${source.tensorName(name)}`,
        hint: `A plain ${graph.name} model has no such tensor.`,
      });
    }
  }
  return bound;
}

function bindWeight(ref: WeightRef, source: WeightSource): StoredWeight {
  const shape = ref.kind === "vector" ? [ref.columns] : [ref.rows, ref.columns];
  const tensor = source.tensorName(ref.tensor);
  const expected = source.shapeText(shape);
  const weight = source.weight(ref.tensor);
  if (weight === null) fail("weight_missing", { tensor, expected });
  if (source.shapeText(withoutOuterOnes(weight.shape, shape.length)) !== expected) {
    fail("weight_shape", { tensor, found: source.shapeText(weight.shape), expected });
  }
  return weight;
}

/** Some writers pad shapes with ones. */
function withoutOuterOnes(shape: readonly number[], length: number): readonly number[] {
  const padding = Math.max(0, shape.length - length);
  return shape.slice(0, padding).every((size) => size === 1) ? shape.slice(padding) : shape;
}
