/**
 * Opens the weights of a model in safetensors files, whole or in shards. Only headers are read; tensors
 * are views into the sources. What their names mean is for `models/`.
 */

import { dirname, join } from "node:path";
import { fail, TurnwiseError } from "../../base/errors.ts";
import type { ByteSource, OpenByteSource } from "../byte-source.ts";
import { SAFETENSORS_LIMITS, type SafetensorsLimits } from "./limits.ts";
import type { SafetensorsModel, SafetensorsTensor } from "./model.ts";
import { readSafetensorsHeader } from "./read-header.ts";
import { readSafetensorsIndex } from "./read-index.ts";

export const INDEX_SUFFIX = ".safetensors.index.json";

/**
 * Reads NAME.safetensors, or all shards that NAME.safetensors.index.json names. Throws `file_unreadable`
 * and `safetensors_*`; then all sources are closed.
 */
export function readSafetensors(
  path: string,
  open: OpenByteSource,
  limits: SafetensorsLimits = SAFETENSORS_LIMITS,
): SafetensorsModel {
  const sources: ByteSource[] = [];
  const openNext = (file: string): ByteSource => {
    const source = open(file);
    sources.push(source);
    return source;
  };
  const dispose = (): void => {
    for (const source of sources) source.dispose();
  };
  try {
    const contents = path.endsWith(INDEX_SUFFIX) ? readShards(path, openNext, limits) : emptyContents();
    if (!path.endsWith(INDEX_SUFFIX)) addFile(contents, openNext(path), limits);
    const fileBytes = sources.reduce((sum, { size }) => sum + size, 0);
    return { ...contents, fileBytes, isCurrent: () => sources.every((source) => source.isCurrent()), dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

interface Contents {
  readonly tensors: Map<string, SafetensorsTensor>;
  readonly metadata: Map<string, string>;
}

function emptyContents(): Contents {
  return { tensors: new Map(), metadata: new Map() };
}

function addFile(contents: Contents, source: ByteSource, limits: SafetensorsLimits): void {
  const { tensors, metadata } = readSafetensorsHeader(source, limits);
  for (const tensor of tensors) {
    const other = contents.tensors.get(tensor.name);
    if (other !== undefined) {
      const problem = `${other.path} has it too`;
      fail("safetensors_invalid", {
        path: source.path,
        field: `tensor ${tensor.name}`,
        offset: tensor.offset,
        problem,
      });
    }
    contents.tensors.set(tensor.name, tensor);
  }
  for (const [key, value] of metadata) contents.metadata.set(key, value);
}

/** All tensors of all shards; those that the index names must be where it says. */
function readShards(path: string, open: OpenByteSource, limits: SafetensorsLimits): Contents {
  const index = readSafetensorsIndex(open(path), limits);
  const contents = emptyContents();
  for (const file of new Set(index.values())) addFile(contents, openShard(path, file, index, open), limits);
  for (const [name, file] of index) {
    if (contents.tensors.get(name)?.path === join(dirname(path), file)) continue;
    fail("safetensors_invalid", { path, field: "weight_map", offset: 0, problem: `${file} has no tensor ${name}` });
  }
  return contents;
}

function openShard(path: string, shard: string, index: ReadonlyMap<string, string>, open: OpenByteSource): ByteSource {
  try {
    return open(join(dirname(path), shard));
  } catch (error) {
    if (!(error instanceof TurnwiseError) || error.code !== "file_unreadable") throw error;
    const [tensor = ""] = [...index].find(([, file]) => file === shard) ?? [];
    return fail("safetensors_shard_missing", { path, shard, tensor, reason: error.params["reason"] ?? "" });
  }
}
