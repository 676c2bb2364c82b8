/** Bound weights as the executor's packer takes them. */

import { invariant } from "../base/invariant.ts";
import { ggmlBlocks, type StoredWeight } from "../formats/stored-weight.ts";
import type { NativeExecutorOptions } from "./executor.ts";

export function storedWeightBytes(weights: ReadonlyMap<string, StoredWeight>): NativeExecutorOptions["weightBytes"] {
  return ({ tensor }) => {
    const stored = weights.get(tensor);
    invariant(stored !== undefined, `${tensor} is bound`);
    const { bytes, typeId } = ggmlBlocks(stored);
    return { bytes, ggmlType: typeId };
  };
}
