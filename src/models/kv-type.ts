/** Which storage of K and V `--kv-type auto` means for a model. */

import type { KvType } from "../base/dtypes.ts";
import type { BoundWeights } from "./bind-weights.ts";
import type { ModelSpec } from "./model-spec.ts";

/**
 * An f32 model asks for exactness. int8 loses nothing that a quantised model has not lost already, unless
 * K has a bias: channels far larger than the rest then take the row's whole scale, so f16 holds those.
 */
export function autoKvType({ qkvBias }: Pick<ModelSpec, "qkvBias">, weights: BoundWeights): KvType {
  if ([...weights.values()].every(({ encoding }) => encoding.type === "F32")) return "f32";
  return qkvBias ? "f16" : "int8";
}
