/**
 * The file format of packed weights, version 1. Little-endian:
 *
 *     0   "TWPACK" and two zeros, u32 version, u32 bytes of JSON, SHA-256 of the JSON
 *     64  the JSON: `PackHeader`
 *     256 KiB  XXH64 of each 4 MiB of the section "weights"
 *     a multiple of 2 MiB  the section "weights": what the weight plan of `compile/` says, nothing between
 *
 * The writer puts the header last, so that a file that was not finished has none. Sections have names: a
 * reader looks for those it knows, and another artefact of the same model can have one of its own.
 */

import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { alignUp } from "../base/bytes.ts";
import { invariant } from "../base/invariant.ts";
import { systemReason } from "../formats/file-source.ts";

/** Changes with anything that this page says; what a layout's bytes mean is part of the layout's name. */
export const PACK_VERSION = 1;

const MAGIC = "TWPACK\0\0";
const JSON_OFFSET = 64;
const SUMS_OFFSET = 256 * 1024;
/** Of the native core: native/runtime/block_sums.h. */
const SUM_BLOCK_BYTES = 4 * 1024 * 1024;
const SUM_BYTES = 8;
/** A huge page: where the system can map those, the weights begin with one. */
const DATA_ALIGNMENT = 2 * 1024 * 1024;
const WEIGHTS = "weights";

/** The model that a pack was made from. */
export interface PackModel {
  readonly name: string;
  /** Those that hold its weights. Null in packs that are to be moved to other machines, as is `modifiedMs`. */
  readonly files: readonly string[] | null;
  /** Of all those files. */
  readonly bytes: number;
  /** The newest of those files. */
  readonly modifiedMs: number | null;
  /** What `--quant` said. */
  readonly quant: string;
}

export interface PackSection {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
  /** Hexadecimal; of sections that have no sums of their own. */
  readonly sha256?: string;
}

export interface PackHeader {
  /** From `packKey`. */
  readonly key: string;
  readonly layout: string;
  readonly model: PackModel;
  readonly sections: readonly PackSection[];
}

/** Where the parts of a pack of `weightBytes` bytes lie. */
export interface PackPlan {
  readonly sumsOffset: number;
  readonly dataOffset: number;
  readonly fileBytes: number;
}

export function planPack(weightBytes: number): PackPlan {
  const sumsBytes = Math.ceil(weightBytes / SUM_BLOCK_BYTES) * SUM_BYTES;
  const dataOffset = alignUp(SUMS_OFFSET + sumsBytes, DATA_ALIGNMENT);
  return { sumsOffset: SUMS_OFFSET, dataOffset, fileBytes: dataOffset + weightBytes };
}

/** The first bytes of the file. */
export function encodePackHeader(header: Omit<PackHeader, "sections">, weightBytes: number): Uint8Array {
  const { dataOffset } = planPack(weightBytes);
  return encodeSections({ ...header, sections: [{ name: WEIGHTS, offset: dataOffset, bytes: weightBytes }] });
}

/** The first bytes of a file of any sections: at most 256 KiB. */
export function encodeSections(header: PackHeader): Uint8Array {
  const json = Buffer.from(JSON.stringify(header));
  const bytes = new Uint8Array(JSON_OFFSET + json.length);
  invariant(bytes.length <= SUMS_OFFSET, "a pack's header is small");
  bytes.set(Buffer.from(MAGIC, "latin1"));
  const view = new DataView(bytes.buffer);
  view.setUint32(8, PACK_VERSION, true);
  view.setUint32(12, json.length, true);
  bytes.set(sha256(json), 16);
  bytes.set(json, JSON_OFFSET);
  return bytes;
}

export type ReadPack =
  | { readonly header: PackHeader; readonly fileBytes: number }
  /** What is wrong with the file. */
  | { readonly problem: string }
  | { readonly absent: true };

/** The header of the pack at `path`, checked as far as that costs one small read. */
export function readPackHeader(path: string): ReadPack {
  return reading<ReadPack>(path, (file) => {
    const fileBytes = fstatSync(file).size;
    const head = readAt(file, 0, Math.min(SUMS_OFFSET, fileBytes));
    if (head.length < JSON_OFFSET || head.toString("latin1", 0, 8) !== MAGIC) return { problem: "it is no pack" };
    const version = head.readUInt32LE(8);
    if (version !== PACK_VERSION) return { problem: `it is version ${version}, this Turnwise has ${PACK_VERSION}` };
    const json = head.subarray(JSON_OFFSET, JSON_OFFSET + head.readUInt32LE(12));
    if (!sha256(json).equals(head.subarray(16, 48))) return { problem: "its header is damaged" };
    // The hash says that it is ours, as it was written.
    const header = JSON.parse(json.toString()) as PackHeader;
    const end = Math.max(...header.sections.map(({ offset, bytes }) => offset + bytes));
    return fileBytes < end ? { problem: "it ends too early" } : { header, fileBytes };
  });
}

/** Where the weights begin; null where they are not of `weightBytes` bytes. */
export function weightsOffset({ sections }: PackHeader, weightBytes: number): number | null {
  const section = sections.find(({ name }) => name === WEIGHTS);
  return section?.bytes === weightBytes ? section.offset : null;
}

/** The checksums of the weights as written, two words a block, the lower first. */
export function readBlockSums(path: string, weightBytes: number): Uint32Array {
  const blocks = Math.ceil(weightBytes / SUM_BLOCK_BYTES);
  const read = reading(path, (file) => readAt(file, SUMS_OFFSET, blocks * SUM_BYTES));
  const sums = new Uint32Array(blocks * 2);
  if (read instanceof Buffer) for (let i = 0; i < read.length / 4; i += 1) sums[i] = read.readUInt32LE(4 * i);
  return sums;
}

export const sha256 = (bytes: Uint8Array): Buffer => createHash("sha256").update(bytes).digest();

function reading<T>(path: string, read: (file: number) => T): T | Exclude<ReadPack, { readonly header: unknown }> {
  let file: number | null = null;
  try {
    file = openSync(path, "r");
    return read(file);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return { absent: true };
    return { problem: systemReason(error) };
  } finally {
    if (file !== null) closeSync(file);
  }
}

/** Shorter where the file ends. */
function readAt(file: number, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const got = readSync(file, bytes, done, length - done, offset + done);
    if (got === 0) break;
    done += got;
  }
  return bytes.subarray(0, done);
}
