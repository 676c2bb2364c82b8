/**
 * Writes one safetensors file. Tensor data is given as bytes or as a producer of pieces, so that a file
 * larger than memory can be written. What is wrong with the contents is a defect of the caller.
 */

import { alignUp } from "../../base/bytes.ts";
import { invariant } from "../../base/invariant.ts";
import { dtypeBytes, type SafetensorsDtype } from "./dtypes.ts";

export interface SafetensorsContents {
  readonly name: string;
  readonly dtype: SafetensorsDtype;
  /** The outer dimension first. */
  readonly shape: readonly number[];
  readonly data: Uint8Array | (() => Iterable<Uint8Array>);
}

/** Data begins at a multiple of this, as in files that others write. */
const DATA_ALIGNMENT = 8;

/** The file, piece by piece. */
export function* safetensorsPieces(
  tensors: readonly SafetensorsContents[],
  metadata: Readonly<Record<string, string>> = {},
): Generator<Uint8Array> {
  yield headerOf(tensors, metadata);
  for (const { name, data, ...info } of tensors) {
    let written = 0;
    for (const piece of data instanceof Uint8Array ? [data] : data()) {
      written += piece.length;
      yield piece;
    }
    invariant(written === sizeOf(info), `${name} has ${sizeOf(info)} bytes, not ${written}`);
  }
}

/** Bytes of all tensors' data. */
export function safetensorsBytesOf(tensors: readonly SafetensorsContents[]): number {
  return tensors.reduce((sum, tensor) => sum + sizeOf(tensor), 0);
}

/** A whole file in memory. */
export function safetensorsBytes(
  tensors: readonly SafetensorsContents[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  return Uint8Array.from(Buffer.concat([...safetensorsPieces(tensors, metadata)]));
}

function headerOf(tensors: readonly SafetensorsContents[], metadata: Readonly<Record<string, string>>): Uint8Array {
  const header: Record<string, unknown> = Object.keys(metadata).length === 0 ? {} : { __metadata__: metadata };
  let offset = 0;
  for (const { name, dtype, shape } of tensors) {
    invariant(!Object.hasOwn(header, name), `${name} is written once`);
    const end = offset + sizeOf({ dtype, shape });
    header[name] = { dtype, shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(alignUp(8 + json.length, DATA_ALIGNMENT)).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(bytes.length - 8), true);
  bytes.set(json, 8);
  return bytes;
}

function sizeOf({ dtype, shape }: Pick<SafetensorsContents, "dtype" | "shape">): number {
  const bytes = dtypeBytes(
    dtype,
    shape.reduce((product, size) => product * size, 1),
  );
  invariant(bytes !== null, `[${shape.join(", ")}] is a size of ${dtype}`);
  return bytes;
}
