/**
 * Typed access to a file's metadata. `get*` need the key and throw `metadata_missing`; `find*` give
 * undefined where it is absent; both throw `metadata_invalid` where it has another type. Any integer
 * type will do for an integer, and any number for a float, as converters differ.
 */

import { fail } from "../../base/errors.ts";
import { unreachable } from "../../base/invariant.ts";
import type { GgufStringArray } from "./string-array.ts";
import type { GgufValue } from "./value.ts";

export interface GgufMetadata {
  readonly size: number;
  has(key: string): boolean;
  /** The value as the file has it. */
  get(key: string): GgufValue | undefined;
  /** In the order of the file. */
  entries(): IterableIterator<[string, GgufValue]>;

  getString(key: string): string;
  findString(key: string): string | undefined;
  /** A non-negative integer up to 2^53 - 1. */
  getUint(key: string): number;
  findUint(key: string): number | undefined;
  /** An integer within ±(2^53 - 1). */
  findInt(key: string): number | undefined;
  findFloat(key: string): number | undefined;
  findBool(key: string): boolean | undefined;
  /** All strings, decoded. */
  getStringArray(key: string): readonly string[];
  findStringArray(key: string): readonly string[] | undefined;
  /** Strings decoded one by one, and their bytes. */
  findStrings(key: string): GgufStringArray | undefined;
  /** An array of non-negative integers; a single one counts as an array of one. */
  findUintArray(key: string): readonly number[] | undefined;
  /** An array of 32-bit integers, such as token types. */
  findInt32Array(key: string): Int32Array | undefined;
  /** An array of numbers as f32, such as token scores. */
  findFloat32Array(key: string): Float32Array | undefined;
}

/** Metadata over `entries`, which must not change. */
export function ggufMetadata(entries: ReadonlyMap<string, GgufValue>): GgufMetadata {
  type Read<T> = (key: string, value: GgufValue) => T;
  const find =
    <T>(read: Read<T>) =>
    (key: string): T | undefined => {
      const value = entries.get(key);
      return value === undefined ? undefined : read(key, value);
    };
  const get =
    <T>(read: Read<T>) =>
    (key: string): T => {
      const value = entries.get(key);
      return value === undefined ? missing(entries, key) : read(key, value);
    };
  const stringArray: Read<readonly string[]> = (key, value) => toStrings(key, value).toArray();
  return {
    size: entries.size,
    has: (key) => entries.has(key),
    get: (key) => entries.get(key),
    entries: () => entries.entries() as IterableIterator<[string, GgufValue]>,
    getString: get(toText),
    findString: find(toText),
    getUint: get(toUint),
    findUint: find(toUint),
    findInt: find(toInt),
    findFloat: find(toFloat),
    findBool: find(toBool),
    getStringArray: get(stringArray),
    findStringArray: find(stringArray),
    findStrings: find(toStrings),
    findUintArray: find(toUintArray),
    findInt32Array: find(toInt32Array),
    findFloat32Array: find(toFloat32Array),
  };
}

function missing(entries: ReadonlyMap<string, GgufValue>, key: string): never {
  const architecture = entries.get("general.architecture");
  return fail("metadata_missing", {
    key,
    architecture: architecture?.kind === "string" ? architecture.value : "GGUF",
  });
}

function wrongType(key: string, value: GgufValue, wanted: string): never {
  return fail("metadata_invalid", { key, problem: `it is ${describeKind(value)}, not ${wanted}` });
}

function describeKind(value: GgufValue): string {
  switch (value.kind) {
    case "number":
    case "bigint":
      return `the ${value.type} ${value.value}`;
    case "bool":
      return `the bool ${value.value}`;
    case "string":
      return "a string";
    case "numbers":
    case "bigints":
      return `an array of ${value.values.length} ${value.type}`;
    case "bools":
    case "strings":
    case "arrays":
      return `an array of ${value.values.length} ${value.kind}`;
    default:
      return unreachable(value);
  }
}

function toText(key: string, value: GgufValue): string {
  return value.kind === "string" ? value.value : wrongType(key, value, "a string");
}

function toBool(key: string, value: GgufValue): boolean {
  return value.kind === "bool" ? value.value : wrongType(key, value, "a bool");
}

function toFloat(key: string, value: GgufValue): number {
  if (value.kind === "number") return value.value;
  return value.kind === "bigint" ? Number(value.value) : wrongType(key, value, "a number");
}

function toInt(key: string, value: GgufValue): number {
  const wanted = "an integer within 2^53";
  if (value.kind !== "number" && value.kind !== "bigint") return wrongType(key, value, wanted);
  const integer = Number(value.value);
  return Number.isSafeInteger(integer) ? integer : wrongType(key, value, wanted);
}

function toUint(key: string, value: GgufValue): number {
  const integer = toInt(key, value);
  return integer >= 0 ? integer : wrongType(key, value, "a non-negative integer");
}

function toStrings(key: string, value: GgufValue): GgufStringArray {
  return value.kind === "strings" ? value.values : wrongType(key, value, "an array of strings");
}

function toUintArray(key: string, value: GgufValue): readonly number[] {
  if (value.kind === "number" || value.kind === "bigint") return [toUint(key, value)];
  if (value.kind !== "numbers" && value.kind !== "bigints") return wrongType(key, value, "an array of integers");
  const integers = Array.from<number | bigint, number>(value.values, Number);
  const wrong = integers.find((integer) => !Number.isSafeInteger(integer) || integer < 0);
  if (wrong !== undefined) fail("metadata_invalid", { key, problem: `it holds ${wrong}, not a non-negative integer` });
  return integers;
}

function toInt32Array(key: string, value: GgufValue): Int32Array {
  if (value.kind !== "numbers") return wrongType(key, value, "an array of 32-bit integers");
  if (value.values instanceof Int32Array) return value.values;
  const integers = Int32Array.from(value.values);
  const wrong = value.values.findIndex((item, index) => item !== integers[index]);
  if (wrong >= 0) fail("metadata_invalid", { key, problem: `item ${wrong} is not a 32-bit integer` });
  return integers;
}

function toFloat32Array(key: string, value: GgufValue): Float32Array {
  if (value.kind !== "numbers") return wrongType(key, value, "an array of numbers");
  return value.values instanceof Float32Array ? value.values : Float32Array.from(value.values);
}
