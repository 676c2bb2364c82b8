/**
 * A weight as its source stores it, whatever the file format: how it is encoded, its shape, and the parts
 * that its bytes lie in. What the layers above know of a file's tensors.
 */

import { invariant } from "../base/invariant.ts";
import { GGML_TYPES, type GgmlType } from "./gguf/ggml-types.ts";
import { decodeRows } from "./quant/rows.ts";

/** `ggml`: one part, "data", rows of ggml's blocks one after the other; plain floats are such blocks too. */
export interface WeightEncoding {
  readonly kind: "ggml";
  readonly type: GgmlType;
}

export interface WeightPart {
  readonly role: "data";
  /** Its bytes; shared with the source where that maps or holds the file, so not to be written to. */
  view(): Uint8Array;
}

export interface StoredWeight {
  readonly encoding: WeightEncoding;
  /** The outer dimension first: [rows, columns], or [length] of a vector. */
  readonly shape: readonly number[];
  readonly elements: number;
  readonly parts: readonly WeightPart[];
}

/** All values, row by row, decoded exactly. */
export function decodeWeightValues(weight: StoredWeight): Float32Array {
  const { typeId, bytes } = ggmlBlocks(weight);
  return decodeRows(typeId, bytes, weight.elements);
}

/** The weight as rows of ggml's blocks. */
export function ggmlBlocks({ encoding, parts }: StoredWeight): {
  readonly typeId: number;
  readonly bytes: Uint8Array;
} {
  const [data] = parts;
  invariant(data !== undefined, "a weight has a part");
  return { typeId: GGML_TYPES[encoding.type].id, bytes: data.view() };
}
