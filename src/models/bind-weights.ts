/**
 * Matches a graph's weights with a file's tensors: every one is there, with the right shape and a type
 * that runs, and the file has none that the graph leaves out, since that would be another model.
 */

import { fail } from "../base/errors.ts";
import { requireRunnableType } from "../formats/gguf/ggml-types.ts";
import type { GgufTensor } from "../formats/gguf/model.ts";
import { type Graph, weightsOf } from "../graph/graph.ts";
import type { WeightRef } from "../graph/types.ts";
import { ROPE_FACTORS_TENSOR } from "./rope-scaling.ts";

/** The file's tensors by name, as far as the graph uses them. */
export type BoundWeights = ReadonlyMap<string, GgufTensor>;

/** Throws `weight_missing`, `weight_shape`, `tensor_type_unsupported`, `model_feature_unsupported`. */
export function bindWeights(graph: Graph, tensors: ReadonlyMap<string, GgufTensor>): BoundWeights {
  const bound = new Map<string, GgufTensor>();
  for (const node of graph.nodes) {
    for (const [, ref] of weightsOf(node)) {
      if (!graph.constants.has(ref.tensor)) bound.set(ref.tensor, bindWeight(ref, tensors));
    }
  }
  for (const name of tensors.keys()) {
    if (!bound.has(name) && name !== ROPE_FACTORS_TENSOR) {
      fail("model_feature_unsupported", {
        feature: `the tensor ${name}`,
        hint: `A plain ${graph.name} model has no such tensor.`,
      });
    }
  }
  return bound;
}

function bindWeight(ref: WeightRef, tensors: ReadonlyMap<string, GgufTensor>): GgufTensor {
  const shape = ref.kind === "vector" ? [ref.columns] : [ref.columns, ref.rows];
  const expected = shapeText(shape);
  const tensor = tensors.get(ref.tensor);
  if (tensor === undefined) fail("weight_missing", { tensor: ref.tensor, expected });
  if (shapeText(withoutTrailingOnes(tensor.shape, shape.length)) !== expected) {
    fail("weight_shape", { tensor: ref.tensor, found: shapeText(tensor.shape), expected });
  }
  requireRunnableType(tensor);
  return tensor;
}

/** Some writers pad shapes with ones. */
function withoutTrailingOnes(shape: readonly number[], length: number): readonly number[] {
  return shape.slice(length).every((size) => size === 1) ? shape.slice(0, length) : shape;
}

function shapeText(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}
