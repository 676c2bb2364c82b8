/** model.safetensors.index.json: which file of a sharded model holds which tensor. */

import { fail } from "../../base/errors.ts";
import { shortJson } from "../../base/short-json.ts";
import type { ByteSource } from "../byte-source.ts";
import type { SafetensorsLimits } from "./limits.ts";

/** File names by tensor. Throws `safetensors_invalid` and `safetensors_limit`. */
export function readSafetensorsIndex(source: ByteSource, limits: SafetensorsLimits): ReadonlyMap<string, string> {
  const { path, size } = source;
  if (size > limits.indexBytes) {
    fail("safetensors_limit", { path, field: "file", value: size, limit: limits.indexBytes, limitName: "indexBytes" });
  }
  const files = new Map<string, string>();
  for (const [tensor, file] of Object.entries(weightMap(source))) {
    // A path would reach out of the model's folder.
    if (typeof file !== "string" || !/^[^/\\]+\.safetensors$/.test(file)) {
      invalid(path, `tensor ${shortJson(tensor)} is not in a file NAME.safetensors beside the index`);
    }
    files.set(tensor, file);
  }
  const shards = new Set(files.values()).size;
  if (shards > limits.shards) {
    fail("safetensors_limit", { path, field: "weight_map", value: shards, limit: limits.shards, limitName: "shards" });
  }
  return files;
}

function weightMap(source: ByteSource): object {
  const { path } = source;
  let index: unknown;
  try {
    index = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(source.view(0, source.size)));
  } catch {
    return invalid(path, "it is not JSON");
  }
  const map: unknown = typeof index === "object" && index !== null && "weight_map" in index ? index.weight_map : null;
  return typeof map === "object" && map !== null ? map : invalid(path, "it is no JSON object");
}

function invalid(path: string, problem: string): never {
  return fail("safetensors_invalid", { path, field: "weight_map", offset: 0, problem });
}
