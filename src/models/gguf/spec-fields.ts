/** Reads sizes of a model from GGUF metadata. */

import { fail } from "../../base/errors.ts";
import type { GgufMetadata } from "../../formats/gguf/metadata.ts";

/** A size from 1 to `limit`. */
export function readSize(metadata: GgufMetadata, key: string, limit: number): number {
  return checkSize(key, metadata.getUint(key), limit);
}

/** `readSize` of a key that may be absent. */
export function findSize(metadata: GgufMetadata, key: string, limit: number): number | undefined {
  const value = metadata.findUint(key);
  return value === undefined ? undefined : checkSize(key, value, limit);
}

/** A size that some files give for each layer; layers that differ are refused, naming `what`. */
export function findUniformSize(metadata: GgufMetadata, key: string, limit: number, what: string): number | undefined {
  const values = metadata.findUintArray(key);
  if (values === undefined) return undefined;
  const [first] = values;
  if (first === undefined) fail("metadata_invalid", { key, problem: "it is an empty array" });
  if (values.some((value) => value !== first)) {
    fail("model_feature_unsupported", { feature: `${what} that differ from layer to layer`, hint: "" });
  }
  return checkSize(key, first, limit);
}

/** A finite number above zero. */
export function findPositive(metadata: GgufMetadata, key: string): number | undefined {
  const value = metadata.findFloat(key);
  if (value === undefined || (Number.isFinite(value) && value > 0)) return value;
  return fail("metadata_invalid", { key, problem: `it is ${value}, not a positive number` });
}

/** As `metadata_missing`, for keys that are looked up by a `find`. */
export function missingKey(key: string, architecture: string): never {
  return fail("metadata_missing", { key, architecture });
}

function checkSize(key: string, value: number, limit: number): number {
  if (value >= 1 && value <= limit) return value;
  return fail("metadata_invalid", { key, problem: `it is ${value}, outside 1..${limit}` });
}
