/**
 * A weight as its source stores it, whatever the file format: how it is encoded, its shape, and the parts
 * that its bytes lie in. What the layers above know of a file's tensors.
 */

import { invariant, unreachable } from "../base/invariant.ts";
import { ggmlBytes, type GgmlType, GGML_TYPES } from "./gguf/ggml-types.ts";
import { decodeGroups, type GroupEncoding, groupRowBytes } from "./group-quant/group-blocks.ts";
import { decodeRows } from "./quant/rows.ts";

/** Rows of ggml's blocks, one after the other; plain floats are such blocks too. */
export interface GgmlEncoding {
  readonly kind: "ggml";
  readonly type: GgmlType;
}

export type WeightEncoding = GgmlEncoding | GroupEncoding;

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
  /** Which column of the weight each stored one is, where they are stored in another order. */
  readonly columnOrder: Uint32Array | null;
}

/** All values, row by row, columns in the weight's own order, decoded exactly. */
export function decodeWeightValues(weight: StoredWeight): Float32Array {
  const values = decodeStoredValues(weight);
  return weight.columnOrder === null ? values : inOwnOrder(values, weight.columnOrder);
}

/** As `decodeWeightValues`, but columns as they are stored. */
export function decodeStoredValues({ encoding, shape, elements, parts }: StoredWeight): Float32Array {
  const [data] = parts;
  invariant(data !== undefined, "a weight has a part");
  switch (encoding.kind) {
    case "ggml":
      return decodeRows(GGML_TYPES[encoding.type].id, data.view(), elements);
    case "groups": {
      const columns = shape.at(-1) ?? 0;
      return decodeGroups(data.view(), encoding.format, elements / columns, columns);
    }
    default:
      return unreachable(encoding);
  }
}

function inOwnOrder(stored: Float32Array, order: Uint32Array): Float32Array {
  const out = new Float32Array(stored.length);
  for (let row = 0; row < stored.length; row += order.length) {
    for (const [at, column] of order.entries()) out[row + column] = stored[row + at] ?? 0;
  }
  return out;
}

/** Bytes that `elements` values take, a whole number of blocks or groups. */
export function encodedBytes(encoding: WeightEncoding, elements: number): number {
  return encoding.kind === "ggml"
    ? (ggmlBytes(encoding.type, elements) ?? 0)
    : groupRowBytes(encoding.format, elements);
}
