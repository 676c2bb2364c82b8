/** Where references get their weights from; `models/` implements it over a file. */

import type { WeightRef } from "./types.ts";

export interface WeightProvider {
  /** The decoded matrix [ref.rows, ref.columns], its row order applied. Not to be written to. */
  matrix(ref: WeightRef): Float32Array;
  /** The decoded vector of ref.columns elements, its order applied. Not to be written to. */
  vector(ref: WeightRef): Float32Array;
}
