/**
 * How a fetched file lies in the cache: under its own path, with its hash in a small file beside it, which
 * tells it from a newer version of the same size, and the commit that its model was pulled at. A file that is being
 * fetched has another name.
 */

import { readFileSync } from "node:fs";
import { readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { at } from "../base/invariant.ts";
import { isCheckpointFile } from "./checkpoint-files.ts";
import type { ModelFile, ModelFiles } from "./model-files.ts";
import { hashOf } from "./part-file.ts";
import type { HubFile } from "./tree-listing.ts";

/** `folder` is the repository's. */
export const cachedPath = (folder: string, file: ModelFile): string => join(folder, ...file.path.split("/"));

/** What a model is loaded by: its first file, or the folder of a checkpoint. */
export const modelPath = (folder: string, { form, files }: Pick<ModelFiles<ModelFile>, "form" | "files">): string =>
  form === "checkpoint" ? folder : cachedPath(folder, at(files, 0));

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
 * Writes down the hash of a file that lies under its name without one and is right: `keepFiles` was ended. One that is
 * not right is an older version's and stays for the new one to replace.
 */
export async function recoverHash(folder: string, file: HubFile, signal: AbortSignal): Promise<void> {
  const path = cachedPath(folder, file);
  const [found, known] = await Promise.all([path, hashPath(path)].map((name) => stat(name).catch(() => null)));
  if (found?.size !== file.bytes || known !== null) return;
  if ((await hashOf(path, file, signal)) === file.hash.hex) await writeHash(path, hashText(file));
}

/**
 * Gives a model's files their names, of which each is cached or a part that is whole, and writes down the commit that
 * they are one model of. What an older version of a checkpoint had besides goes, since it would be read with it. Ended
 * between, it leaves files without a commit or of different ones.
 */
export async function keepFiles(
  folder: string,
  { form, files }: Pick<ModelFiles<HubFile>, "form" | "files">,
  commit: string,
): Promise<void> {
  const cached = await Promise.all(files.map((file) => isCached(folder, file)));
  const fetched = files.filter((_, index) => cached[index] !== true);
  // Before the first of them changes, so that no old hash stands beside a new content.
  for (const file of fetched) await rm(hashPath(cachedPath(folder, file)), { force: true });
  for (const file of fetched) await rename(partPath(folder, file), cachedPath(folder, file));
  if (form === "checkpoint") await removeSuperseded(folder, new Set(files.map(({ path }) => path)));
  for (const file of files) {
    await writeHash(cachedPath(folder, file), `${hashText(file)}commit ${commit}\n`);
    await removeParts(cachedPath(folder, file));
  }
}

async function removeSuperseded(folder: string, current: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(folder)) {
    const owner = ownerOfPart(name) ?? name;
    if (!isCheckpointFile(owner) || current.has(owner)) continue;
    for (const path of [join(folder, name), hashPath(join(folder, owner))]) await rm(path, { force: true });
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
