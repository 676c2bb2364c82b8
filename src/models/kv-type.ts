/** Which storage of K and V `--kv-type auto` means for a model; why, is in docs/decisions. */

import type { KvType } from "../base/dtypes.ts";
import { decodeWeightValues } from "../formats/stored-weight.ts";
import type { BoundWeights } from "./bind-weights.ts";
import type { ModelSpec } from "./model-spec.ts";

/** Largest over median channel of K up to which a row's one int8 scale costs attention less than 2 %. */
const INT8_KEY_SPREAD = 7;

/** f32 for f32 models, which ask for exactness; else int8, or f16 where channels of K stand out. */
export function autoKvType({ qkvBias }: Pick<ModelSpec, "qkvBias">, weights: BoundWeights): KvType {
  if ([...weights.values()].every(({ encoding }) => encoding.kind === "ggml" && encoding.type === "F32")) return "f32";
  // How large a bias is beside what the projection gives is not known before the model runs.
  return qkvBias || keyNormSpread(weights) > INT8_KEY_SPREAD ? "f16" : "int8";
}

/** Where heads are normed, the norm's weights are the sizes of K's channels. 1 without norms. */
function keyNormSpread(weights: BoundWeights): number {
  let spread = 1;
  for (const [name, weight] of weights) {
    if (!name.endsWith(".attn_k_norm.weight")) continue;
    const sizes = decodeWeightValues(weight).map(Math.abs).toSorted();
    const median = sizes[Math.floor(sizes.length / 2)] ?? 0;
    spread = Math.max(spread, (sizes.at(-1) ?? 0) / median);
  }
  return spread;
}
