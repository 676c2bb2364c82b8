/** The files of a Hugging Face model directory, found and opened. */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fail, TurnwiseError } from "../../base/errors.ts";
import type { ByteSource, OpenByteSource } from "../../formats/byte-source.ts";
import { systemReason } from "../../formats/file-source.ts";
import type { SafetensorsModel } from "../../formats/safetensors/model.ts";
import { INDEX_SUFFIX, readSafetensors } from "../../formats/safetensors/read.ts";
import { type JsonFields, readJsonFields } from "./json-file.ts";

export interface ModelDirectory {
  readonly path: string;
  /** Null where there is no such file. */
  findBytes(file: string): Uint8Array | null;
  /** Throws `file_unreadable`. */
  bytes(file: string): Uint8Array;
  findJson(file: string): JsonFields | null;
  json(file: string): JsonFields;
  openWeights(): SafetensorsModel;
}

export function modelDirectory(path: string, open: OpenByteSource): ModelDirectory {
  const files = listFiles(path);
  const reading = <T>(file: string, read: (source: ByteSource) => T): T => {
    const source = open(join(path, file));
    try {
      return read(source);
    } finally {
      source.dispose();
    }
  };
  // A copy: a mapped source's bytes end with it.
  const bytes = (file: string): Uint8Array => reading(file, (source) => source.view(0, source.size).slice());
  const json = (file: string): JsonFields => reading(file, (source) => readJsonFields(source, file));
  const find = <T>(file: string, read: (file: string) => T): T | null => (files.has(file) ? read(file) : null);
  return {
    path,
    bytes,
    json,
    findBytes: (file) => find(file, bytes),
    findJson: (file) => find(file, json),
    openWeights: () => readSafetensors(join(path, weightsFile(path, files)), open),
  };
}

/** The index where there is one, else model.safetensors, else the only file of that kind. */
function weightsFile(path: string, files: ReadonlySet<string>): string {
  const index = `model${INDEX_SUFFIX}`;
  if (files.has(index)) return index;
  const weights = [...files].filter((file) => file.endsWith(".safetensors"));
  if (weights.includes("model.safetensors")) return "model.safetensors";
  const [only] = weights;
  if (only !== undefined && weights.length === 1) return only;
  const problem =
    only === undefined ? "it has no .safetensors file" : `it has ${weights.length} .safetensors files and no ${index}`;
  return fail("file_unreadable", { path, reason: `${problem}; expected model.safetensors or ${index}` });
}

function listFiles(path: string): ReadonlySet<string> {
  try {
    return new Set(readdirSync(path));
  } catch (error) {
    throw error instanceof TurnwiseError ? error : fail("file_unreadable", { path, reason: systemReason(error) });
  }
}
