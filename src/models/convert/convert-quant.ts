/** How `turnwise convert` stores matrices: as they are, as floats, or rounded to nearest as `--quant` does at load. */

import type { GgmlType } from "../../formats/gguf/ggml-types.ts";
import { LOAD_QUANTS, type LoadQuant } from "../load-quants.ts";

const FLOAT_TYPES = { f32: "F32", f16: "F16", bf16: "BF16" } as const satisfies Record<string, GgmlType>;

export type FloatQuant = keyof typeof FLOAT_TYPES;

/** `none` keeps each as it is stored. */
export type ConvertQuant = "none" | FloatQuant | LoadQuant;

export const CONVERT_QUANTS = ["none", "f32", "f16", "bf16", ...LOAD_QUANTS] as const satisfies readonly ConvertQuant[];

/** The type of all matrices, or null where `quant` names none. */
export function floatTypeOf(quant: ConvertQuant): (typeof FLOAT_TYPES)[FloatQuant] | null {
  return quant in FLOAT_TYPES ? FLOAT_TYPES[quant as FloatQuant] : null;
}
