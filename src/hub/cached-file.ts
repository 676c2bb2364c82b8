/**
 * How a fetched file lies in the cache: under its own path, with its hash in a small file beside it, which
 * tells it from a newer version of the same size, and the commit that its model was pulled at. A file that is being
 * fetched has another name.
 */

import { readFileSync } from "node:fs";
import { readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { ModelFile } from "./model-files.ts";
import type { HubFile } from "./tree-listing.ts";

/** `folder` is the repository's. */
export const cachedPath = (folder: string, file: ModelFile): string => join(folder, ...file.path.split("/"));

export const hashPath = (path: string): string => `${path}.hash`;

const PART_SUFFIX = ".part";
const PART_HASH_DIGITS = 16;
const PART_ENDING = new RegExp(`\\.[0-9a-f]{${PART_HASH_DIGITS}}\\${PART_SUFFIX}$`);

/** Named after the content, so that what belongs to an older version of the file is never gone on with. */
export const partPath = (folder: string, file: HubFile): string =>
  `${cachedPath(folder, file)}.${file.hash.hex.slice(0, PART_HASH_DIGITS)}${PART_SUFFIX}`;

/** The path of the file that `path` is a part of; null where it is no part. */
export const ownerOfPart = (path: string): string | null =>
  PART_ENDING.test(path) ? path.replace(PART_ENDING, "") : null;

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

/**
 * Gives a model's files their names, of which each is cached or a part that is whole, and writes down the commit that
 * they are one model of. Ended between, it leaves files without a commit or of different ones.
 */
export async function keepFiles(folder: string, files: readonly HubFile[], commit: string): Promise<void> {
  const cached = await Promise.all(files.map((file) => isCached(folder, file)));
  const fetched = files.filter((_, index) => cached[index] !== true);
  // Before the first of them changes, so that no old hash stands beside a new content.
  for (const file of fetched) await rm(hashPath(cachedPath(folder, file)), { force: true });
  for (const file of fetched) await rename(partPath(folder, file), cachedPath(folder, file));
  for (const file of files) {
    await writeHash(cachedPath(folder, file), `${hashText(file)}commit ${commit}\n`);
    await removeParts(cachedPath(folder, file));
  }
}

async function writeHash(path: string, text: string): Promise<void> {
  const temporary = `${hashPath(path)}.tmp`;
  await writeFile(temporary, text);
  await rename(temporary, hashPath(path));
}

/** What came of earlier versions of the file at `path`. */
async function removeParts(path: string): Promise<void> {
  const folder = dirname(path);
  for (const name of await readdir(folder)) {
    if (ownerOfPart(name) === basename(path)) await rm(join(folder, name), { force: true });
  }
}

/** The commit that the file at `path` is there for; null where that was not written down. */
export function commitOf(path: string): string | null {
  try {
    return COMMIT_LINE.exec(readFileSync(hashPath(path), "utf8"))?.[1] ?? null;
  } catch {
    return null;
  }
}
