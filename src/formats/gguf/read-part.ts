/** Reads one GGUF file, whole or a part of a split model. Splits are put together in `read.ts`. */

import { alignUp } from "../../base/bytes.ts";
import { fail } from "../../base/errors.ts";
import type { ByteSource } from "../byte-source.ts";
import { decodeText, HeaderCursor } from "./header-cursor.ts";
import type { GgufLimits } from "./limits.ts";
import { type GgufMetadata, ggufMetadata } from "./metadata.ts";
import type { GgufTensor } from "./model.ts";
import { METADATA_MINIMUM_BYTES, type MetadataEntries, printable, readMetadataEntries } from "./read-metadata.ts";
import { placeTensors, readTensorInfos, TENSOR_MINIMUM_BYTES } from "./read-tensors.ts";

export interface GgufPart {
  readonly source: ByteSource;
  readonly version: number;
  readonly metadata: GgufMetadata;
  readonly tensors: readonly GgufTensor[];
  /**
   * A key that shapes the file itself, as a non-negative integer; undefined where it is absent. Throws
   * `gguf_invalid` where it is anything else.
   */
  structuralUint(key: string): number | undefined;
  /** Where `key` stands in the header; 0 where it is absent. */
  keyOffset(key: string): number;
}

/** Where no general.alignment is given. */
export const DEFAULT_ALIGNMENT = 32;

/** Reads and checks the header of `source`, which stays the caller's to dispose of. */
export function readGgufPart(source: ByteSource, limits: GgufLimits): GgufPart {
  const cursor = new HeaderCursor(source, limits);
  checkMagic(cursor);
  const version = readVersion(cursor);
  const tensorsAt = cursor.offset;
  const tensorCount = cursor.count("tensor_count", TENSOR_MINIMUM_BYTES);
  cursor.checkLimit("tensor_count", tensorCount, "tensors", tensorsAt);
  const metadataAt = cursor.offset;
  const metadataCount = cursor.count("metadata_kv_count", METADATA_MINIMUM_BYTES);
  cursor.checkLimit("metadata_kv_count", metadataCount, "metadataEntries", metadataAt);
  const entries = readMetadataEntries(cursor, metadataCount);
  const structuralUint = (key: string): number | undefined => readStructuralUint(cursor, entries, key);
  const keyOffset = (key: string): number => entries.offsets.get(key) ?? 0;
  const alignment = readAlignment(cursor, structuralUint("general.alignment"), keyOffset("general.alignment"));
  const infos = readTensorInfos(cursor, tensorCount);
  const tensors = placeTensors(source, infos, alignUp(cursor.offset, alignment), alignment);
  return { source, version, metadata: ggufMetadata(entries.values), tensors, structuralUint, keyOffset };
}

function checkMagic(cursor: HeaderCursor): void {
  if (cursor.remaining === 0) fail("gguf_bad_magic", { path: cursor.path, found: "nothing (it is empty)" });
  const bytes = cursor.take(Math.min(4, cursor.remaining), "magic");
  const magic = decodeText(bytes);
  if (magic !== "GGUF") fail("gguf_bad_magic", { path: cursor.path, found: `"${printable(magic)}"` });
}

function readVersion(cursor: HeaderCursor): number {
  const version = cursor.uint32("version");
  if (version === 2 || version === 3) return version;
  const { path } = cursor;
  // A big-endian file has its small version number in the high bytes.
  if (version !== 0 && version % 2 ** 16 === 0) {
    const hint = " The file is big-endian; convert the model again on, or for, a little-endian machine.";
    return fail("gguf_bad_version", { path, version: Math.floor(version / 2 ** 24), hint });
  }
  const hint =
    version > 3 ? " The file is newer than this reader." : " Convert the model again with a recent converter.";
  return fail("gguf_bad_version", { path, version, hint });
}

function readStructuralUint(cursor: HeaderCursor, entries: MetadataEntries, key: string): number | undefined {
  const value = entries.values.get(key);
  if (value === undefined) return undefined;
  const integer = value.kind === "number" || value.kind === "bigint" ? Number(value.value) : Number.NaN;
  if (Number.isSafeInteger(integer) && integer >= 0) return integer;
  return cursor.invalid(key, "it must be a non-negative integer", entries.offsets.get(key));
}

function readAlignment(cursor: HeaderCursor, alignment: number | undefined, offset: number): number {
  const key = "general.alignment";
  if (alignment === undefined) return DEFAULT_ALIGNMENT;
  if (!Number.isInteger(Math.log2(alignment))) cursor.invalid(key, `${alignment} is no power of 2`, offset);
  cursor.checkLimit(key, alignment, "alignmentBytes", offset);
  return alignment;
}
