/** RoPE's scaling as GGUF stores it: a type and a factor in the metadata, Llama 3's as a tensor. */

import { fail } from "../../base/errors.ts";
import type { GgufMetadata } from "../../formats/gguf/metadata.ts";
import type { GgufModel } from "../../formats/gguf/model.ts";
import { requireDecodableType } from "../../formats/quant/decodable-types.ts";
import { decodeRows } from "../../formats/quant/rows.ts";
import type { RopeScaling } from "../model-spec.ts";
import { findPositive } from "./spec-fields.ts";

/** Divisors of the frequencies; read with the spec, so no node of a graph refers to it. */
export const ROPE_FACTORS_TENSOR = "rope_freqs.weight";

/** `prefix` is that of the keys, such as "llama.rope". A linear factor and the divisors multiply. */
export function ropeScaling(
  { metadata, tensors }: Pick<GgufModel, "metadata" | "tensors">,
  prefix: string,
  headDim: number,
): RopeScaling {
  const factor = linearFactor(metadata, prefix);
  const factors = ropeFactors(tensors, headDim);
  if (factors !== null) return { kind: "factors", factors: factors.map((divisor) => divisor * factor) };
  return factor === 1 ? { kind: "none" } : { kind: "linear", factor };
}

function linearFactor(metadata: GgufMetadata, prefix: string): number {
  // Files older than the type have only a factor, the oldest under its other name.
  const type = metadata.findString(`${prefix}.scaling.type`) ?? "linear";
  const factor = findPositive(metadata, `${prefix}.scaling.factor`) ?? findPositive(metadata, `${prefix}.scale_linear`);
  // Llama 3's scaling is in the tensor of divisors.
  if (type === "none" || type === "llama3") return 1;
  // Whatever the way of stretching, by 1 it changes nothing.
  if (type === "linear" || factor === 1) return factor ?? 1;
  return fail("model_feature_unsupported", {
    feature: `RoPE scaling of type ${type}`,
    hint: "Use a model without it, or with linear or llama3 scaling.",
  });
}

function ropeFactors(tensors: GgufModel["tensors"], headDim: number): Float32Array | null {
  const tensor = tensors.get(ROPE_FACTORS_TENSOR);
  if (tensor === undefined) return null;
  if (tensor.elements !== headDim / 2) {
    const found = `[${tensor.shape.join(", ")}]`;
    fail("weight_shape", { tensor: tensor.name, found, expected: `[${headDim / 2}]` });
  }
  requireDecodableType(tensor);
  const factors = decodeRows(tensor.typeId, tensor.view(), tensor.elements);
  const wrong = factors.find((factor) => !(factor > 0 && factor < Infinity));
  if (wrong === undefined) return factors;
  return fail("metadata_invalid", { key: tensor.name, problem: `it holds ${wrong}, not a divisor` });
}
