/**
 * Opens a GGUF model, little-endian, version 2 or 3, whole or split. Only the header is read; tensors
 * are views into the sources. What the metadata means to a model is for `models/`.
 * Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */

import { TurnwiseError } from "../../base/errors.ts";
import { at } from "../../base/invariant.ts";
import type { ByteSource, OpenByteSource } from "../byte-source.ts";
import { GGUF_LIMITS, type GgufLimits } from "./limits.ts";
import type { GgufModel, GgufTensor } from "./model.ts";
import { type GgufPart, readGgufPart } from "./read-part.ts";
import { checkSplitName, checkSplitPart, checkSplitTensors, splitCount, type SplitName, splitPath } from "./split.ts";

/**
 * Reads the model at `path`, of a split one any part. Throws `file_unreadable` and `gguf_*`; then all
 * sources are closed.
 */
export function readGguf(path: string, open: OpenByteSource, limits: GgufLimits = GGUF_LIMITS): GgufModel {
  const sources: ByteSource[] = [];
  const openPart = (partPath: string): GgufPart => {
    const source = open(partPath);
    sources.push(source);
    return readGgufPart(source, limits);
  };
  try {
    return assemble(readParts(path, openPart, limits));
  } catch (error) {
    for (const source of sources) source.dispose();
    throw error;
  }
}

/** All parts of the model that `path` belongs to, in order. */
function readParts(path: string, openPart: (path: string) => GgufPart, limits: GgufLimits): readonly GgufPart[] {
  const given = openPart(path);
  const count = splitCount(given, limits);
  if (count === 1) return [given];
  const name = checkSplitName(given, count);
  const parts: GgufPart[] = [];
  for (let part = 1; part <= count; part += 1) {
    parts.push(part === name.part ? given : openSibling(path, name, part, openPart));
  }
  for (const [index, part] of parts.entries()) checkSplitPart(part, index, count);
  checkSplitTensors(parts);
  return parts;
}

function openSibling(path: string, name: SplitName, part: number, openPart: (path: string) => GgufPart): GgufPart {
  const missing = splitPath({ ...name, part });
  try {
    return openPart(missing);
  } catch (error) {
    if (!(error instanceof TurnwiseError) || error.code !== "file_unreadable") throw error;
    const reason = error.params["reason"] ?? "it cannot be read";
    throw new TurnwiseError("gguf_split_missing", { path, part: name.part, count: name.count, missing, reason }, error);
  }
}

function assemble(parts: readonly GgufPart[]): GgufModel {
  const first = at(parts, 0);
  const tensors = new Map<string, GgufTensor>();
  let parameters = 0;
  let tensorBytes = 0;
  for (const tensor of parts.flatMap((part) => part.tensors)) {
    tensors.set(tensor.name, tensor);
    parameters += tensor.elements;
    tensorBytes += tensor.byteLength;
  }
  const sources = parts.map((part) => part.source);
  return {
    path: first.source.path,
    version: first.version,
    metadata: first.metadata,
    tensors,
    sources,
    parameters,
    tensorBytes,
    fileBytes: sources.reduce((sum, source) => sum + source.size, 0),
    dispose() {
      for (const source of sources) source.dispose();
    },
  };
}
