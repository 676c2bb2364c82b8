/**
 * Writes GGUF version 3, little-endian, one file. Tensor data is given as bytes or as a producer of
 * pieces, so that a file larger than memory can be written. What is wrong with the contents is a
 * defect of the caller, not of a user.
 */

import { alignUp, checkedProduct } from "../../base/bytes.ts";
import { at, invariant } from "../../base/invariant.ts";
import { type WriteProgress, writeFilePieces } from "../write-file.ts";
import { ByteWriter } from "./byte-writer.ts";
import { writeEntry } from "./encode-metadata.ts";
import { GGML_TYPES, type GgmlType, ggmlBytes } from "./ggml-types.ts";
import { DEFAULT_ALIGNMENT } from "./read-part.ts";
import type { GgufValue } from "./value.ts";

export interface GgufTensorContents {
  readonly name: string;
  readonly type: GgmlType;
  /** The contiguous dimension first. */
  readonly shape: readonly number[];
  /** All bytes, or a function that gives them piece by piece; called once for each writing. */
  readonly data: Uint8Array | (() => Iterable<Uint8Array>);
}

export interface GgufContents {
  /** Keys are unique. `general.alignment`, a power of 2, is obeyed; without it data is aligned to 32. */
  readonly metadata: Iterable<readonly [key: string, value: GgufValue]>;
  readonly tensors: readonly GgufTensorContents[];
}

/** A whole file in memory. */
export function ggufBytes(contents: GgufContents): Uint8Array {
  const writer = new ByteWriter();
  for (const piece of ggufPieces(contents)) writer.bytes(piece);
  return writer.finish().slice();
}

/** Writes a file. Throws `file_unwritable`. */
export function writeGguf(path: string, contents: GgufContents, onProgress?: WriteProgress): void {
  const totalBytes = contents.tensors.reduce((sum, tensor) => sum + byteLengthOf(tensor), 0);
  writeFilePieces(path, ggufPieces(contents), totalBytes, onProgress);
}

/** The file in order: the header, then each tensor's data, each padded to the alignment. */
function* ggufPieces({ metadata, tensors }: GgufContents): Generator<Uint8Array> {
  const entries = new Map(metadata);
  const alignment = alignmentOf(entries);
  const sizes = tensors.map(byteLengthOf);
  const header = new ByteWriter();
  header.bytes(new TextEncoder().encode("GGUF"));
  header.uint32(3);
  header.size(tensors.length);
  header.size(entries.size);
  for (const [key, value] of entries) writeEntry(header, key, value);
  let offset = 0;
  for (const [index, tensor] of tensors.entries()) {
    header.string(tensor.name);
    header.uint32(tensor.shape.length);
    for (const size of tensor.shape) header.size(size);
    header.uint32(GGML_TYPES[tensor.type].id);
    header.size(offset);
    offset += alignUp(at(sizes, index), alignment);
  }
  header.zeros(padding(header.length, alignment));
  yield header.finish();
  for (const [index, tensor] of tensors.entries()) yield* tensorPieces(tensor, at(sizes, index), alignment);
}

function* tensorPieces(tensor: GgufTensorContents, byteLength: number, alignment: number): Generator<Uint8Array> {
  let written = 0;
  for (const piece of tensor.data instanceof Uint8Array ? [tensor.data] : tensor.data()) {
    written += piece.length;
    yield piece;
  }
  invariant(
    written === byteLength,
    `tensor ${tensor.name} has ${written} bytes of data, its shape needs ${byteLength}`,
  );
  yield new Uint8Array(padding(byteLength, alignment));
}

function byteLengthOf({ name, type, shape }: GgufTensorContents): number {
  const elements = checkedProduct(...shape);
  const bytes = elements === null ? null : ggmlBytes(type, elements);
  const wholeBlocks = (shape[0] ?? 1) % GGML_TYPES[type].blockElements === 0;
  invariant(bytes !== null && wholeBlocks, `tensor ${name}: [${shape.join(", ")}] is a shape of ${type}`);
  return bytes;
}

function alignmentOf(entries: ReadonlyMap<string, GgufValue>): number {
  const value = entries.get("general.alignment");
  return value?.kind === "number" ? value.value : DEFAULT_ALIGNMENT;
}

function padding(length: number, alignment: number): number {
  return alignUp(length, alignment) - length;
}
