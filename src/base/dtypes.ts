/**
 * Names of the number formats. Three families that must not be mixed up: how a file stores a tensor
 * (`GgmlType`), how packed weights are stored (`WeightFormat`), how a value flows between ops
 * (`ValueType`). KV pages have their own (`KvType`).
 */

/** Storage of K and V rows in pages. */
export type KvType = "f32" | "f16" | "int8";

/**
 * Storage of packed weights. `q8`: int8, a scale per 32 of K. `q4`: 4 bits with zero point 8, a scale
 * per 32 of K. Source formats map onto these without loss.
 */
export type WeightFormat = "f32" | "f16" | "bf16" | "q8" | "q4";

/**
 * A value between ops. `q8a`: a row of int8 with an f32 scale and an int32 sum for every 32 columns,
 * made from f32 by symmetric rounding to nearest even with scale = max|x| / 127.
 */
export type ValueType = "f32" | "i32" | "q8a";

/** Columns that share one scale in `q8`, `q4` and `q8a`. */
export const QUANT_GROUP = 32;
