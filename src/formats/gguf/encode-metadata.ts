/** Bytes of metadata values, the inverse of `read-metadata.ts`. */

import { unreachable } from "../../base/invariant.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { GGUF_VALUE_TYPES, type GgufArrayValue, type GgufValue, type GgufValueType } from "./value.ts";

export function writeEntry(writer: ByteWriter, key: string, value: GgufValue): void {
  writer.string(key);
  if (value.kind === "number" || value.kind === "bigint") {
    writeType(writer, value.type);
    writeScalar(writer, value);
  } else if (value.kind === "bool") {
    writeType(writer, "bool");
    writer.uint8(Number(value.value));
  } else if (value.kind === "string") {
    writeType(writer, "string");
    writer.stringBytes(value.bytes);
  } else {
    writeType(writer, "array");
    writeArray(writer, value);
  }
}

function writeType(writer: ByteWriter, type: GgufValueType): void {
  writer.uint32(GGUF_VALUE_TYPES.indexOf(type));
}

function writeScalar(writer: ByteWriter, scalar: Extract<GgufValue, { readonly kind: "number" | "bigint" }>): void {
  switch (scalar.type) {
    case "uint8":
    case "int8":
      return writer.uint8(scalar.value);
    case "uint16":
    case "int16":
      return writer.uint16(scalar.value);
    case "uint32":
    case "int32":
      return writer.uint32(scalar.value);
    case "float32":
      return writer.float32(scalar.value);
    case "float64":
      return writer.float64(scalar.value);
    case "uint64":
    case "int64":
      return writer.uint64(scalar.value);
    default:
      return unreachable(scalar);
  }
}

function writeArray(writer: ByteWriter, array: GgufArrayValue): void {
  switch (array.kind) {
    case "numbers":
    case "bigints": {
      const { values } = array;
      writeType(writer, array.type);
      writer.size(values.length);
      return writer.bytes(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    }
    case "bools":
      writeType(writer, "bool");
      writer.size(array.values.length);
      return writer.bytes(array.values);
    case "strings":
      writeType(writer, "string");
      writer.size(array.values.length);
      for (let index = 0; index < array.values.length; index += 1) writer.stringBytes(array.values.bytes(index));
      return undefined;
    case "arrays":
      writeType(writer, "array");
      writer.size(array.values.length);
      for (const inner of array.values) writeArray(writer, inner);
      return undefined;
    default:
      return unreachable(array);
  }
}
