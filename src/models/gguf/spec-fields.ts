/** Reads sizes of a model from GGUF metadata, with the limits that keep a hostile file's graph small. */

import { fail } from "../../base/errors.ts";
import type { GgufMetadata } from "../../formats/gguf/metadata.ts";

export const SPEC_LIMITS = {
  /** A graph has some ten nodes a layer; the deepest published models have about 130 layers. */
  layers: 1024,
  /** The widest published models have 128 query heads. */
  heads: 4096,
  /** Head dimensions in use go to 256. */
  headDim: 4096,
  /** Columns of any value; an f32 row stays below 16 MiB. */
  columns: 2 ** 22,
  /** Vocabularies in use have up to 262,144 tokens. */
  vocabSize: 2 ** 22,
  /** Positions are int32, and angles f32; contexts in use go to 10 million. */
  contextTokens: 2 ** 27,
} as const;

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
