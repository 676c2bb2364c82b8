/** Where packed weights are kept between starts: `EngineOptions.weightCache` checked and with its defaults. */

import { join, resolve } from "node:path";
import { cacheDirectory } from "../base/cache-directory.ts";
import { fail } from "../base/errors.ts";
import type { WeightCacheOptions } from "./types.ts";

export interface WeightCacheSettings {
  readonly folder: string;
  readonly readOnly: boolean;
  /** Of all packs; the least recently used go first. */
  readonly maxBytes: number;
  /** Smaller packs are not written: packing takes less than a tenth of a second. */
  readonly minBytes: number;
}

/** A few large models, or one that fills a machine. */
export const DEFAULT_WEIGHT_CACHE_BYTES = 64 * 2 ** 30;
const LEAST_PACK_BYTES = 64 * 2 ** 20;

/** The folder of packs in a cache directory. */
export const packFolderIn = (cacheDir: string): string => join(cacheDir, "packs");

/** Null: no cache. Throws `invalid_option`. */
export function resolveWeightCache(options: WeightCacheOptions | false = {}): WeightCacheSettings | null {
  if (options === false || options.maxBytes === 0) return null;
  const { folder = packFolderIn(cacheDirectory(process.env)), readOnly = false } = options;
  const { maxBytes = DEFAULT_WEIGHT_CACHE_BYTES } = options;
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 0) {
    fail("invalid_option", { option: "weightCache", problem: `maxBytes must be a number of bytes, not ${maxBytes}` });
  }
  return { folder: resolve(folder), readOnly, maxBytes, minBytes: LEAST_PACK_BYTES };
}
