/**
 * How a fetched file lies in the cache: under its own path, with its hash in a small file beside it, which
 * tells it from a newer version of the same size, and the commit that it was fetched at. A file that is being
 * fetched has another name.
 */

import { readFileSync } from "node:fs";
import { readFile, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ModelFile } from "./model-files.ts";
import type { HubFile } from "./tree-listing.ts";

/** `folder` is the repository's. */
export const cachedPath = (folder: string, file: ModelFile): string => join(folder, ...file.path.split("/"));

export const hashPath = (path: string): string => `${path}.hash`;

export const PART_SUFFIX = ".part";

/** Named after the content, so that what belongs to an older version of the file is never gone on with. */
export const partPath = (folder: string, file: HubFile): string =>
  `${cachedPath(folder, file)}.${file.hash.hex.slice(0, 16)}${PART_SUFFIX}`;

const hashText = ({ hash }: HubFile): string => `${hash.kind} ${hash.hex}\n`;
const COMMIT_LINE = /^commit ([0-9a-f]{40})$/m;

export async function isCached(folder: string, file: HubFile): Promise<boolean> {
  const path = cachedPath(folder, file);
  const [found, hash] = await Promise.all([
    stat(path).catch(() => null),
    readFile(hashPath(path), "utf8").catch(() => null),
  ]);
  return found?.size === file.bytes && hash?.startsWith(hashText(file)) === true;
}

/** Gives a part that is whole its name. */
export async function keepFile(folder: string, file: HubFile, commit: string): Promise<void> {
  const path = cachedPath(folder, file);
  await rename(partPath(folder, file), path);
  await writeFile(hashPath(path), `${hashText(file)}commit ${commit}\n`);
}

/** What the file at `path` was fetched at; null where an older Turnwise fetched it. */
export function commitOf(path: string): string | null {
  try {
    return COMMIT_LINE.exec(readFileSync(hashPath(path), "utf8"))?.[1] ?? null;
  } catch {
    return null;
  }
}
