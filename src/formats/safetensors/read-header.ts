/**
 * The header of one safetensors file: a u64 with its length, that many bytes of JSON, then the data. Every
 * tensor is checked against the file: known dtype, a length that follows from its shape, inside the file;
 * together they are all of the data, none over another. Source: https://huggingface.co/docs/safetensors (format)
 */

import { checkedProduct } from "../../base/bytes.ts";
import { fail } from "../../base/errors.ts";
import { shortJson } from "../../base/short-json.ts";
import type { ByteSource } from "../byte-source.ts";
import { dtypeBytes, isSafetensorsDtype, SAFETENSORS_DTYPES } from "./dtypes.ts";
import type { SafetensorsLimits } from "./limits.ts";
import type { SafetensorsTensor } from "./model.ts";

const LENGTH_BYTES = 8;
const METADATA = "__metadata__";

export interface SafetensorsHeader {
  readonly tensors: readonly SafetensorsTensor[];
  readonly metadata: readonly (readonly [key: string, value: string])[];
}

/** Throws `safetensors_truncated`, `safetensors_invalid` and `safetensors_limit`, with field and offset. */
export function readSafetensorsHeader(source: ByteSource, limits: SafetensorsLimits): SafetensorsHeader {
  const headerBytes = readLength(source, limits);
  const dataOffset = LENGTH_BYTES + headerBytes;
  const entries = Object.entries(parseHeader(source, headerBytes));
  const reader: Reader = { source, dataOffset, limits };
  const count = entries.length;
  if (count > limits.tensors) limitExceeded(reader, "header", count, "tensors");
  const tensors = entries.flatMap(([name, value]) => (name === METADATA ? [] : [readTensor(reader, name, value)]));
  const metadata = entries.find(([name]) => name === METADATA)?.[1];
  const pairs = metadata === undefined ? [] : readMetadata(reader, metadata);
  checkCover(reader, tensors);
  return { tensors, metadata: pairs };
}

interface Reader {
  readonly source: ByteSource;
  readonly dataOffset: number;
  readonly limits: SafetensorsLimits;
}

function readLength(source: ByteSource, limits: SafetensorsLimits): number {
  const { path, size } = source;
  if (size < LENGTH_BYTES) truncated(path, "header length", 0, LENGTH_BYTES, size);
  const bytes = source.view(0, LENGTH_BYTES);
  const length = new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES).getBigUint64(0, true);
  if (length > BigInt(limits.headerBytes)) {
    const value = String(length);
    fail("safetensors_limit", {
      path,
      field: "header length",
      value,
      limit: limits.headerBytes,
      limitName: "headerBytes",
    });
  }
  if (Number(length) > size - LENGTH_BYTES) {
    truncated(path, "header", LENGTH_BYTES, Number(length), size - LENGTH_BYTES);
  }
  return Number(length);
}

function parseHeader(source: ByteSource, headerBytes: number): Readonly<Record<string, unknown>> {
  const { path } = source;
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(source.view(LENGTH_BYTES, headerBytes)));
  } catch {
    // The parser's own message quotes the file's bytes, whatever they are.
    return fail("safetensors_invalid", { path, field: "header", offset: LENGTH_BYTES, problem: "it is not JSON" });
  }
  if (isRecord(header)) return header;
  return fail("safetensors_invalid", { path, field: "header", offset: LENGTH_BYTES, problem: "it is no JSON object" });
}

function readTensor(reader: Reader, name: string, value: unknown): SafetensorsTensor {
  const { source, limits } = reader;
  const field = tensorField(name);
  const nameBytes = Buffer.byteLength(name);
  if (nameBytes > limits.tensorNameBytes) limitExceeded(reader, "tensor name", nameBytes, "tensorNameBytes");
  if (!isRecord(value)) return invalid(reader, field, "it is no JSON object");
  const dtype = value["dtype"];
  if (typeof dtype !== "string" || !isSafetensorsDtype(dtype)) {
    const known = SAFETENSORS_DTYPES.join(", ");
    return invalid(reader, field, `dtype ${shortJson(dtype)} is not known; these are: ${known}`);
  }
  const shape = readSizes(reader, field, "shape", value["shape"]);
  if (shape.length > limits.dimensions) limitExceeded(reader, field, shape.length, "dimensions");
  const elements = checkedProduct(...shape);
  const byteLength = elements === null ? null : dtypeBytes(dtype, elements);
  if (elements === null || byteLength === null) {
    return invalid(reader, field, `its shape [${shape.join(", ")}] is no size of ${dtype}`);
  }
  const begin = readBegin(reader, field, value["data_offsets"], byteLength);
  const offset = reader.dataOffset + begin;
  const view = (): Uint8Array => source.view(offset, byteLength);
  return { name, path: source.path, dtype, shape, elements, offset, byteLength, view };
}

/** Where the tensor begins in the data, which has all of it. */
function readBegin(reader: Reader, field: string, value: unknown, byteLength: number): number {
  const offsets = readSizes(reader, field, "data_offsets", value);
  const [begin, end] = offsets;
  if (begin === undefined || end === undefined || offsets.length !== 2 || end < begin) {
    return invalid(reader, field, `data_offsets ${shortJson(value)} are not a beginning and an end`);
  }
  if (end - begin !== byteLength) {
    return invalid(reader, field, `data_offsets give it ${end - begin} bytes, its shape and dtype ${byteLength}`);
  }
  const { path, size } = reader.source;
  const available = size - reader.dataOffset - begin;
  if (byteLength > available) truncated(path, field, reader.dataOffset + begin, byteLength, Math.max(0, available));
  return begin;
}

function readSizes(reader: Reader, field: string, key: string, value: unknown): readonly number[] {
  const isSizes = Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && Number(item) >= 0);
  return isSizes
    ? (value as readonly number[])
    : invalid(reader, field, `${key} ${shortJson(value)} is no list of sizes`);
}

/**
 * One tensor's data follows the other's up to the file's end. Overlapping ones would let a small file describe a
 * model of any size; of a name that is twice in the header only the last is left, and bytes of no tensor.
 */
function checkCover(reader: Reader, tensors: readonly SafetensorsTensor[]): void {
  let end = reader.dataOffset;
  for (const { name, offset, byteLength } of tensors.toSorted(byPlace)) {
    if (offset < end) invalid(reader, tensorField(name), "its data lies over another tensor's", offset);
    if (offset > end) invalid(reader, tensorField(name), noTensors(offset - end, "before its data"), end);
    end += byteLength;
  }
  const { size } = reader.source;
  if (size > end) invalid(reader, "data", noTensors(size - end, "at its end"), end);
}

function byPlace(left: SafetensorsTensor, right: SafetensorsTensor): number {
  return left.offset - right.offset || left.byteLength - right.byteLength;
}

function noTensors(bytes: number, where: string): string {
  return `the ${bytes} bytes ${where} are no tensor's; a name that is twice in the header leaves such a hole`;
}

function readMetadata(reader: Reader, value: unknown): SafetensorsHeader["metadata"] {
  if (!isRecord(value)) return invalid(reader, METADATA, "it is no JSON object");
  return Object.entries(value).map(([key, text]) =>
    typeof text === "string" ? [key, text] : invalid(reader, METADATA, `${shortJson(key)} is no text`),
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function tensorField(name: string): string {
  return `tensor ${shortJson(name)}`;
}

function invalid(reader: Reader, field: string, problem: string, offset = LENGTH_BYTES): never {
  return fail("safetensors_invalid", { path: reader.source.path, field, offset, problem });
}

function truncated(path: string, field: string, offset: number, needed: number, available: number): never {
  return fail("safetensors_truncated", { path, field, offset, needed, available });
}

function limitExceeded(reader: Reader, field: string, value: number, limitName: keyof SafetensorsLimits): never {
  const { path } = reader.source;
  return fail("safetensors_limit", { path, field, value, limit: reader.limits[limitName], limitName });
}
