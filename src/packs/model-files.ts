/** Size and time of a model's files: what a pack remembers of them. */

import { statSync } from "node:fs";

export interface ModelFileFacts {
  /** Of all files. */
  readonly bytes: number;
  /** The newest of them. */
  readonly modifiedMs: number;
}

/** Null where one is missing. */
export function describeFiles(files: readonly string[]): ModelFileFacts | null {
  let bytes = 0;
  let modifiedMs = 0;
  for (const path of files) {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) return null;
    bytes += found.size;
    modifiedMs = Math.max(modifiedMs, found.mtimeMs);
  }
  return { bytes, modifiedMs };
}
