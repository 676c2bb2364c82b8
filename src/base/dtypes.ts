/**
 * Names of the number formats. Three families that must not be mixed up: how a file stores a tensor
 * (`GgmlType`), how packed weights are stored (`WeightFormat` of `weight-formats.ts`), how a value flows between ops
 * (`ValueType`). KV pages have their own (`KvType`).
 */

/** Storage of K and V rows in pages. */
export type KvType = "f32" | "f16" | "int8";

/**
 * A value between ops. `q8a`: a row of int8 with an f32 scale for every 32 columns and a sum for every 16,
 * made from f32 by symmetric rounding to nearest even with scale = max|x| / 127.
 */
export type ValueType = "f32" | "i32" | "q8a";

/** Columns that share one scale in `q8a`. */
export const QUANT_GROUP = 32;
