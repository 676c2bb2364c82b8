/**
 * Reads the key-value section of a GGUF header. Values are copied out of the source, so that metadata
 * outlives it. Source: the GGUF specification, "gguf_metadata_kv_t".
 */

import { at, unreachable } from "../../base/invariant.ts";
import { decodeText, type HeaderCursor } from "./header-cursor.ts";
import { wrapStringRegion } from "./string-array.ts";
import {
  GGUF_ARRAYS,
  GGUF_VALUE_TYPES,
  type GgufArrayValue,
  type GgufBigintType,
  type GgufNumberType,
  type GgufValue,
  type GgufValueType,
} from "./value.ts";

/** An empty key, its type and a value of one byte. */
export const METADATA_MINIMUM_BYTES = 8 + 4 + 1;

/** Nested arrays met so far, over the whole file. */
interface NestedCount {
  arrays: number;
}

export interface MetadataEntries {
  readonly values: ReadonlyMap<string, GgufValue>;
  /** Where each key's pair begins in the file; for messages. */
  readonly offsets: ReadonlyMap<string, number>;
}

/** Reads `count` pairs. Keys are unique. */
export function readMetadataEntries(cursor: HeaderCursor, count: number): MetadataEntries {
  const values = new Map<string, GgufValue>();
  const offsets = new Map<string, number>();
  const nested: NestedCount = { arrays: 0 };
  for (let index = 0; index < count; index += 1) {
    const start = cursor.offset;
    const key = decodeText(cursor.stringBytes(`metadata[${index}].key`, "keyBytes"));
    const field = printable(key) || "(empty key)";
    if (values.has(key)) cursor.invalid(field, "the key appears twice", start);
    const type = readType(cursor, field);
    offsets.set(key, start);
    values.set(key, type === "array" ? readArray(cursor, field, 1, nested) : readScalar(cursor, field, type));
  }
  return { values, offsets };
}

/** `text` for an error message: short and without control characters. */
export function printable(text: string): string {
  const short = text.length > 80 ? `${text.slice(0, 80)}...` : text;
  return JSON.stringify(short).slice(1, -1);
}

function readType(cursor: HeaderCursor, field: string): GgufValueType {
  const start = cursor.offset;
  const id = cursor.uint32(`${field} (type)`);
  return GGUF_VALUE_TYPES[id] ?? cursor.invalid(`${field} (type)`, `there is no value type ${id}`, start);
}

function readScalar(cursor: HeaderCursor, field: string, type: Exclude<GgufValueType, "array">): GgufValue {
  switch (type) {
    case "uint8":
      return number(
        type,
        cursor.scalar(1, field, (view, offset) => view.getUint8(offset)),
      );
    case "int8":
      return number(
        type,
        cursor.scalar(1, field, (view, offset) => view.getInt8(offset)),
      );
    case "uint16":
      return number(
        type,
        cursor.scalar(2, field, (view, offset) => view.getUint16(offset, true)),
      );
    case "int16":
      return number(
        type,
        cursor.scalar(2, field, (view, offset) => view.getInt16(offset, true)),
      );
    case "uint32":
      return number(type, cursor.uint32(field));
    case "int32":
      return number(
        type,
        cursor.scalar(4, field, (view, offset) => view.getInt32(offset, true)),
      );
    case "float32":
      return number(
        type,
        cursor.scalar(4, field, (view, offset) => view.getFloat32(offset, true)),
      );
    case "float64":
      return number(
        type,
        cursor.scalar(8, field, (view, offset) => view.getFloat64(offset, true)),
      );
    case "uint64":
      return bigint(
        type,
        cursor.scalar(8, field, (view, offset) => view.getBigUint64(offset, true)),
      );
    case "int64":
      return bigint(
        type,
        cursor.scalar(8, field, (view, offset) => view.getBigInt64(offset, true)),
      );
    case "bool":
      return { kind: "bool", value: readBools(cursor, field, 1)[0] === 1 };
    case "string": {
      const bytes = cursor.stringBytes(field, "stringBytes").slice();
      return { kind: "string", value: decodeText(bytes), bytes };
    }
    default:
      return unreachable(type);
  }
}

function readArray(cursor: HeaderCursor, field: string, depth: number, nested: NestedCount): GgufArrayValue {
  const type = readType(cursor, field);
  const countField = `${field} (length)`;
  switch (type) {
    case "string": {
      const count = cursor.count(countField, 8);
      const starts = new Uint32Array(count + 1);
      return { kind: "strings", values: wrapStringRegion(cursor.stringRegion(count, field, starts), starts) };
    }
    case "bool":
      return { kind: "bools", values: readBools(cursor, field, cursor.count(countField, 1)) };
    case "array": {
      cursor.checkLimit(field, depth + 1, "arrayDepth");
      const start = cursor.offset;
      const count = cursor.count(countField, 4 + 8);
      nested.arrays += count;
      cursor.checkLimit(countField, nested.arrays, "nestedArrays", start);
      const values: GgufArrayValue[] = [];
      for (let index = 0; index < count; index += 1) {
        values.push(readArray(cursor, `${field}[${index}]`, depth + 1, nested));
      }
      return { kind: "arrays", values };
    }
    case "uint64":
    case "int64": {
      const bytes = readElements(cursor, field, type);
      return { kind: "bigints", type, values: new GGUF_ARRAYS[type](bytes) };
    }
    case "uint8":
    case "int8":
    case "uint16":
    case "int16":
    case "uint32":
    case "int32":
    case "float32":
    case "float64":
      return { kind: "numbers", type, values: new GGUF_ARRAYS[type](readElements(cursor, field, type)) };
    default:
      return unreachable(type);
  }
}

/** The bytes of a numeric array in a buffer of their own, as typed arrays need; hosts are little-endian. */
function readElements(cursor: HeaderCursor, field: string, type: GgufNumberType | GgufBigintType): ArrayBuffer {
  const elementBytes = GGUF_ARRAYS[type].BYTES_PER_ELEMENT;
  const count = cursor.count(`${field} (length)`, elementBytes);
  return new Uint8Array(cursor.take(count * elementBytes, field)).buffer;
}

function readBools(cursor: HeaderCursor, field: string, count: number): Uint8Array {
  const start = cursor.offset;
  const bytes = cursor.take(count, field).slice();
  const wrong = bytes.findIndex((byte) => byte > 1);
  if (wrong >= 0) cursor.invalid(field, `a bool is 0 or 1, not ${at(bytes, wrong)}`, start + wrong);
  return bytes;
}

function number(type: GgufNumberType, value: number): GgufValue {
  return { kind: "number", type, value };
}

function bigint(type: GgufBigintType, value: bigint): GgufValue {
  return { kind: "bigint", type, value };
}
