/**
 * Where each packed weight lies in the one region that holds them all, memory or a file. A function of the
 * program's weight table alone, so that a file of packed weights needs no table of its own.
 */

import { alignUp } from "../base/bytes.ts";
import { weightRowBytes } from "../base/weight-formats.ts";
import type { WeightSpec } from "./program.ts";

/** A page of memory: threads that stream one matrix touch no page of another. */
const WEIGHT_ALIGNMENT = 4096;

export interface WeightPlan {
  /** In the order of the weight table. */
  readonly offsets: readonly number[];
  /** Of the whole region. */
  readonly bytes: number;
}

export function planWeights(weights: readonly WeightSpec[]): WeightPlan {
  const offsets: number[] = [];
  let bytes = 0;
  for (const weight of weights) {
    offsets.push(bytes);
    bytes = alignUp(bytes + packedBytes(weight), WEIGHT_ALIGNMENT);
  }
  return { offsets, bytes };
}

/** Bytes that one packed weight takes: rows of a matrix come in tiles of 16. */
export function packedBytes(weight: WeightSpec): number {
  if (weight.kind === "vector") return weight.length * 4;
  return alignUp(weight.rows, 16) * weightRowBytes(weight.format, weight.columns);
}
