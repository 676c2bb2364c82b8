/** How `turnwise convert` stores matrices: as they are, as floats, or rounded to nearest as `--quant` does at load. */

import type { GgmlType } from "../../formats/gguf/ggml-types.ts";
import { LOAD_QUANTS, type LoadQuant } from "../load-quants.ts";

const FLOAT_TYPES = { f32: "F32", f16: "F16", bf16: "BF16" } as const satisfies Record<string, GgmlType>;

export type FloatQuant = keyof typeof FLOAT_TYPES;

/** A folder's embedding stays as it is, so that there is no "pure". */
type StoredQuant = Exclude<LoadQuant, "q4-g128-pure">;

/** `none` keeps each as it is stored. */
export type ConvertQuant = "none" | FloatQuant | StoredQuant;

export const CONVERT_QUANTS: readonly ConvertQuant[] = [
  ...(["none", "f32", "f16", "bf16"] as const),
  ...LOAD_QUANTS.filter((quant): quant is StoredQuant => quant !== "q4-g128-pure"),
];

/** The type of all matrices, or null where `quant` names none. */
export function floatTypeOf(quant: ConvertQuant): (typeof FLOAT_TYPES)[FloatQuant] | null {
  return quant in FLOAT_TYPES ? FLOAT_TYPES[quant as FloatQuant] : null;
}
