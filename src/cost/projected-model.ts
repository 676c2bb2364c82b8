/** The models whose speed can be projected: known shapes, in the types whose loops are modelled. */

import { GROUP_FORMATS, type GroupFormat } from "../formats/group-quant/group-blocks.ts";
import type { WeightRef } from "../graph/types.ts";
import { LOAD_QUANTS, type LoadQuant } from "../models/load-quants.ts";
import { roundedType } from "../models/quantized-source.ts";
import { randomModelGraph } from "../models/random/random-model.ts";
import { RANDOM_QUANTS, type RandomQuant, typesOf } from "../models/random/random-quants.ts";
import type { RandomShapeName } from "../models/random/random-shapes.ts";
import { isModelled, type ProjectedModel, type ProjectedType } from "./projected-type.ts";

/**
 * Layers as GPTQ, AWQ and compressed-tensors checkpoints have them, by bits and columns of a group; the embedding and the head,
 * which those leave in 16 bits, as Q8_0, since loops of floats are not modelled.
 */
const GROUP_QUANTS = {
  "int4-g32": "int4_g32_zero",
  "int4-g64": "int4_g64_zero",
  "int4-g128": "int4_g128_zero",
  "int8-g32": "int8_g32_zero",
  "int8-g128": "int8_g128_zero",
} as const satisfies Record<string, GroupFormat>;

type GroupQuant = keyof typeof GROUP_QUANTS;

export type ProjectedQuant = RandomQuant | LoadQuant | GroupQuant;

/** Of shapes whose columns their blocks divide; others fall back to types that may not be modelled. */
export const PROJECTED_QUANTS: readonly ProjectedQuant[] = [
  ...RANDOM_QUANTS.filter((quant) => typesOf(quant).every(isModelled)),
  ...LOAD_QUANTS,
  ...(Object.keys(GROUP_QUANTS) as readonly GroupQuant[]),
];

const isGroupQuant = (quant: ProjectedQuant): quant is GroupQuant => Object.hasOwn(GROUP_QUANTS, quant);
const isLoadQuant = (quant: ProjectedQuant): quant is LoadQuant => LOAD_QUANTS.some((each) => each === quant);

export function projectedModel(shape: RandomShapeName, quant: ProjectedQuant): ProjectedModel {
  if (!isGroupQuant(quant) && !isLoadQuant(quant)) return randomModelGraph(shape, quant);
  const { graph, typeOf } = randomModelGraph(shape, "f16");
  const rounded = isGroupQuant(quant)
    ? (ref: WeightRef) => groupedType(ref, GROUP_QUANTS[quant])
    : (ref: WeightRef) => roundedType(ref.tensor, ref.columns, quant);
  return { graph, typeOf: (ref) => rounded(ref) ?? typeOf(ref) };
}

/** In the widest groups of those bits that are no wider and divide its columns; null where none do. */
function groupedType({ tensor, columns }: WeightRef, wanted: GroupFormat): ProjectedType | null {
  if (tensor === "token_embd.weight" || tensor === "output.weight") return "Q8_0";
  const { bits, scaleBytes, groupColumns } = GROUP_FORMATS[wanted];
  const formats = Object.keys(GROUP_FORMATS) as readonly GroupFormat[];
  const fitting = formats.filter((format) => {
    const info = GROUP_FORMATS[format];
    return (
      info.bits === bits &&
      info.scaleBytes === scaleBytes &&
      info.groupColumns <= groupColumns &&
      columns % info.groupColumns === 0
    );
  });
  return fitting.at(-1) ?? null;
}
