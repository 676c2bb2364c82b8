/** Bound weights as the executor's packer takes them. */

import { invariant } from "../base/invariant.ts";
import { GGML_TYPES } from "../formats/gguf/ggml-types.ts";
import { GROUP_FORMATS } from "../formats/group-quant/group-blocks.ts";
import { decodeWeightValues, type StoredWeight } from "../formats/stored-weight.ts";
import type { PackOptions } from "./weight-store.ts";

export function storedWeightBytes(weights: ReadonlyMap<string, StoredWeight>): PackOptions["weightBytes"] {
  return (spec) => {
    const { tensor } = spec;
    const stored = weights.get(tensor);
    invariant(stored !== undefined, `${tensor} is bound`);
    const { encoding, parts } = stored;
    const [data] = parts;
    const isAsStored = stored.columnOrder === null || (spec.kind === "matrix" && spec.columnOrder === "stored");
    if (data !== undefined && isAsStored) {
      const sourceType = encoding.kind === "ggml" ? GGML_TYPES[encoding.type].id : GROUP_FORMATS[encoding.format].sourceType;
      return { bytes: data.view(), ggmlType: sourceType };
    }
    return { bytes: new Uint8Array(decodeWeightValues(stored).buffer), ggmlType: GGML_TYPES.F32.id };
  };
}
