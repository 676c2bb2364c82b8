/** Options that say where packed weights are kept between starts. */

import { resolve } from "node:path";
import { cacheDirectory } from "../../base/cache-directory.ts";
import type { Environment } from "../../base/environment.ts";
import type { OptionTable, OptionValues } from "../../base/option-table.ts";
import type { WeightCacheOptions } from "../../engine/types.ts";
import { DEFAULT_WEIGHT_CACHE_BYTES, packFolderIn } from "../../engine/weight-cache-settings.ts";

export const PACK_FOLDER_OPTIONS = {
  "weight-cache-dir": {
    type: { kind: "string", placeholder: "FOLDER" },
    default: null,
    env: "TURNWISE_WEIGHT_CACHE_DIR",
    help: "Where packed weights are kept for faster starts; by default packs in the cache directory",
  },
} as const satisfies OptionTable;

/** Of whoever writes packs there. */
export const PACK_WRITING_OPTIONS = {
  ...PACK_FOLDER_OPTIONS,
  "weight-cache-max": {
    type: { kind: "bytes" },
    default: DEFAULT_WEIGHT_CACHE_BYTES,
    env: "TURNWISE_WEIGHT_CACHE_MAX",
    help: "Bytes of all packed weights, the least recently used make room; 0 is no such cache",
  },
} as const satisfies OptionTable;

export const WEIGHT_CACHE_OPTIONS = {
  ...PACK_WRITING_OPTIONS,
  "read-only-cache": {
    type: { kind: "boolean" },
    default: false,
    env: "TURNWISE_READ_ONLY_CACHE",
    help: "Use packed weights that are there; write none, remove none",
  },
} as const satisfies OptionTable;

interface FolderValues {
  readonly weightCacheDir: string | null;
  /** What `--cache-dir` says. */
  readonly cacheDir: string | null;
}

/** The folder of packs, as named or in the cache directory. */
export function packFolderOf({ weightCacheDir, cacheDir }: FolderValues, env: Environment): string {
  return resolve(weightCacheDir ?? packFolderIn(cacheDirectory(env, cacheDir)));
}

export function toWeightCache(values: OptionValues<typeof WEIGHT_CACHE_OPTIONS> & FolderValues): WeightCacheOptions {
  const { readOnlyCache: readOnly, weightCacheMax: maxBytes } = values;
  return { folder: packFolderOf(values, process.env), readOnly, maxBytes };
}
