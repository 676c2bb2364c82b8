/** The models whose speed can be projected: known shapes, in the types whose loops are modelled. */

import type { LoadQuant } from "../models/load-quants.ts";
import { roundedType } from "../models/quantized-source.ts";
import { randomModelGraph } from "../models/random/random-model.ts";
import { RANDOM_QUANTS, type RandomQuant, typesOf } from "../models/random/random-quants.ts";
import type { RandomShapeName } from "../models/random/random-shapes.ts";
import { isModelled, type ProjectedModel } from "./project-speed.ts";

/** A float model as `--quant` rounds it. */
const ROUNDED = "q4-g128" satisfies LoadQuant;

export type ProjectedQuant = RandomQuant | typeof ROUNDED;

/** Of shapes whose columns their blocks divide; others fall back to types that may not be modelled. */
export const PROJECTED_QUANTS: readonly ProjectedQuant[] = [
  ...RANDOM_QUANTS.filter((quant) => typesOf(quant).every(isModelled)),
  ROUNDED,
];

export function projectedModel(shape: RandomShapeName, quant: ProjectedQuant): ProjectedModel {
  if (quant !== ROUNDED) return randomModelGraph(shape, quant);
  const { graph, typeOf } = randomModelGraph(shape, "f16");
  return { graph, typeOf: (ref) => roundedType(ref.tensor, ref.columns, ROUNDED) ?? typeOf(ref) };
}
