/** Decoded weights for the interpreter, from a source's stored ones. */

import { invariant } from "../base/invariant.ts";
import { decodeStoredValues, decodeWeightValues } from "../formats/stored-weight.ts";
import type { WeightRef } from "../graph/types.ts";
import type { WeightProvider } from "../graph/weight-provider.ts";
import { sourceRow, weightKey } from "../graph/weight-ref.ts";
import type { BoundWeights } from "./bind-weights.ts";

/** Decodes each weight at its first use and keeps it. */
export function weightProvider(weights: BoundWeights): WeightProvider {
  const decoded = new Map<string, Float32Array>();
  const get = (ref: WeightRef): Float32Array => {
    const key = weightKey(ref);
    const known = decoded.get(key);
    if (known !== undefined) return known;
    const values = decodeWeight(ref, weights);
    decoded.set(key, values);
    return values;
  };
  return { matrix: get, vector: get };
}

/** One weight as f32, in the reference's orders. */
export function decodeWeight(ref: WeightRef, weights: BoundWeights): Float32Array {
  const stored = weights.get(ref.tensor);
  invariant(stored !== undefined, `${ref.tensor} is bound`);
  const values = ref.columnOrder === "own" ? decodeWeightValues(stored) : decodeStoredValues(stored);
  if (ref.rowOrder.kind === "source") return values;
  return ref.kind === "matrix" ? reorder(ref, values, ref.rows, ref.columns) : reorder(ref, values, ref.columns, 1);
}

function reorder({ rowOrder }: WeightRef, source: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(source.length);
  for (let row = 0; row < rows; row += 1) {
    const from = sourceRow(rowOrder, row) * columns;
    out.set(source.subarray(from, from + columns), row * columns);
  }
  return out;
}
