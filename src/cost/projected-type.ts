/** How a matrix of a projected model is stored, and which rows of ARM_RATES are its loops. */

import { fail } from "../base/errors.ts";
import { type WeightFormat, weightRowBytes } from "../base/weight-formats.ts";
import { weightFormatOf } from "../compile/weight-formats.ts";
import { GROUP_FORMATS, type GroupFormat } from "../formats/group-quant/group-blocks.ts";
import type { DecodableType } from "../formats/quant/decodable-types.ts";
import type { Graph } from "../graph/graph.ts";
import type { WeightRef } from "../graph/types.ts";
import type { ArmCore } from "./arm-chips.ts";
import { ARM_RATES } from "./arm-rates.ts";

/** As in GGUF files, or in the groups of GPTQ, AWQ and compressed-tensors. */
export type ProjectedType = DecodableType | GroupFormat;

export interface ProjectedModel {
  readonly graph: Graph;
  readonly typeOf: (ref: WeightRef) => ProjectedType;
}

/** What the rows of ARM_RATES call a packed format: scripts/arm-formats.mjs. Floats are not modelled. */
const LOOPS_OF = {
  int8_g32: "Q8_0",
  int4_g32: "Q4_0",
  int4_g32_min: "Q4_1",
  int5_g32: "Q5_0",
  int5_g32_min: "Q5_1",
  code4_g32: "IQ4_NL",
  int2_k16_min: "Q2_K",
  int3_k16: "Q3_K",
  int4_k32_min: "Q4_K",
  int5_k32_min: "Q5_K",
  int6_k16: "Q6_K",
  code4_k32: "IQ4_XS",
  int4_g32_zero: "int4 group-32",
  int4_g64_zero: "int4 group-64",
  int4_g128_zero: "int4 group-128",
  int8_g32_zero: "int8 group-32",
  int8_g128_zero: "int8 group-128",
  int4_g32_wide: "int4 group-32, f32 scales",
  int8_g32_wide: "int8 group-32, f32 scales",
} as const satisfies { readonly [Format in WeightFormat]?: string };

type ModelledFormat = keyof typeof LOOPS_OF;

const hasLoops = (format: WeightFormat): format is ModelledFormat => Object.hasOwn(LOOPS_OF, format);
const isGroupFormat = (type: ProjectedType): type is GroupFormat => Object.hasOwn(GROUP_FORMATS, type);

export const isModelled = (type: ProjectedType): boolean => hasLoops(packedFormat(type));

export function packedFormat(type: ProjectedType): WeightFormat {
  if (isGroupFormat(type)) return type;
  return weightFormatOf({ encoding: { kind: "ggml", type }, columnOrder: null }, "own");
}

/** As the kernel reads it, in which units the loops' rates are. */
export function packedBytes(ref: WeightRef, typeOf: ProjectedModel["typeOf"]): number {
  if (ref.kind === "vector") return ref.rows * ref.columns * 4;
  return ref.rows * weightRowBytes(packedFormat(typeOf(ref)), ref.columns);
}

/** Of one core in each cycle: multiplications for many tokens, packed bytes for one. Throws `invalid_option`. */
export function ratesOf(type: ProjectedType, core: ArmCore): readonly [many: number, one: number] {
  const format = packedFormat(type);
  if (!hasLoops(format)) {
    return fail("invalid_option", {
      option: "--model",
      problem: `it has matrices in ${type}, whose loops are not modelled; modelled are ${Object.values(LOOPS_OF).join(", ")}.`,
    });
  }
  const loops = LOOPS_OF[format];
  return [ARM_RATES[`GEMM ${loops}, unpacked for 96 tokens`][core], ARM_RATES[`GEMV ${loops}`][core]];
}
