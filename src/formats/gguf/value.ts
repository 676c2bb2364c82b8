/**
 * Metadata values as a closed union, one shape for reader and writer. 64-bit integers stay bigint
 * here; `metadata.ts` turns them into checked numbers.
 */

import { type GgufStringArray, stringArray } from "./string-array.ts";

/** Value types by their number in the file. Source: the GGUF specification. */
export const GGUF_VALUE_TYPES = [
  "uint8",
  "int8",
  "uint16",
  "int16",
  "uint32",
  "int32",
  "float32",
  "bool",
  "string",
  "array",
  "uint64",
  "int64",
  "float64",
] as const;

export type GgufValueType = (typeof GGUF_VALUE_TYPES)[number];

/** Types whose values are JS numbers. */
export type GgufNumberType = "uint8" | "int8" | "uint16" | "int16" | "uint32" | "int32" | "float32" | "float64";
/** Types whose values are bigints. */
export type GgufBigintType = "uint64" | "int64";

/** Typed arrays that hold an array of each numeric type. */
export const GGUF_ARRAYS = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
  uint64: BigUint64Array,
  int64: BigInt64Array,
} as const;

export type GgufNumberArray = InstanceType<(typeof GGUF_ARRAYS)[GgufNumberType]>;
export type GgufBigintArray = InstanceType<(typeof GGUF_ARRAYS)[GgufBigintType]>;

export type GgufValue =
  | { readonly kind: "number"; readonly type: GgufNumberType; readonly value: number }
  | { readonly kind: "bigint"; readonly type: GgufBigintType; readonly value: bigint }
  | { readonly kind: "bool"; readonly value: boolean }
  /** `value` has U+FFFD where `bytes` are not UTF-8. */
  | { readonly kind: "string"; readonly value: string; readonly bytes: Uint8Array }
  | { readonly kind: "numbers"; readonly type: GgufNumberType; readonly values: GgufNumberArray }
  | { readonly kind: "bigints"; readonly type: GgufBigintType; readonly values: GgufBigintArray }
  /** One byte each, 0 or 1. */
  | { readonly kind: "bools"; readonly values: Uint8Array }
  | { readonly kind: "strings"; readonly values: GgufStringArray }
  /** An array of arrays. */
  | { readonly kind: "arrays"; readonly values: readonly GgufArrayValue[] };

export type GgufArrayValue = Extract<
  GgufValue,
  { readonly kind: "numbers" | "bigints" | "bools" | "strings" | "arrays" }
>;

const encoder = new TextEncoder();

function number(type: GgufNumberType): (value: number) => GgufValue {
  return (value) => ({ kind: "number", type, value });
}

function bigint(type: GgufBigintType): (value: bigint) => GgufValue {
  return (value) => ({ kind: "bigint", type, value });
}

/** Values for the writer: `ggufValue.uint32(2048)`. */
export const ggufValue = {
  uint8: number("uint8"),
  int8: number("int8"),
  uint16: number("uint16"),
  int16: number("int16"),
  uint32: number("uint32"),
  int32: number("int32"),
  float32: number("float32"),
  float64: number("float64"),
  uint64: bigint("uint64"),
  int64: bigint("int64"),
  bool: (value: boolean): GgufValue => ({ kind: "bool", value }),
  string: (value: string): GgufValue => ({ kind: "string", value, bytes: encoder.encode(value) }),
  numbers: (type: GgufNumberType, values: Iterable<number>): GgufArrayValue => ({
    kind: "numbers",
    type,
    values: GGUF_ARRAYS[type].from(values),
  }),
  bigints: (type: GgufBigintType, values: Iterable<bigint>): GgufArrayValue => ({
    kind: "bigints",
    type,
    values: GGUF_ARRAYS[type].from(values),
  }),
  bools: (values: Iterable<boolean>): GgufArrayValue => ({ kind: "bools", values: Uint8Array.from(values, Number) }),
  strings: (values: readonly (string | Uint8Array)[]): GgufArrayValue => ({
    kind: "strings",
    values: stringArray(values),
  }),
  arrays: (values: readonly GgufArrayValue[]): GgufArrayValue => ({ kind: "arrays", values }),
} as const;
