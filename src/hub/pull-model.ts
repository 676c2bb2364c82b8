/** `turnwise pull`: which of a repository's models, whether it fits, and all of its files. */

import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { takeFileLock } from "../base/file-lock.ts";
import { at } from "../base/invariant.ts";
import { cachedPath, isCached, keepFiles, modelPath, partPath, recoverHash } from "./cached-file.ts";
import { freeBytes, namingFullDisk, requireSpace } from "./disk-space.ts";
import { bytesThere, downloadFile } from "./download-file.ts";
import type { HubClient } from "./hub-client.ts";
import type { ModelCache } from "./model-cache.ts";
import { chooseModel, groupModels } from "./model-files.ts";
import type { ModelFiles } from "./model-files.ts";
import type { HubReference } from "./reference.ts";
import { PATIENCE, untilAnswered } from "./retry.ts";
import type { Patience } from "./retry.ts";
import type { HubFile } from "./tree-listing.ts";
import { requireDecodable } from "./undecodable-quants.ts";

export interface PullOptions {
  readonly client: HubClient;
  readonly cache: ModelCache;
  readonly signal: AbortSignal;
  /** Once it is known what is fetched; `bytesLeft` of it are not there yet. */
  readonly onPlan: (model: ModelFiles<HubFile>, bytesLeft: number, commit: string) => void;
  /** Bytes of all files that are there. */
  readonly onProgress: (bytes: number) => void;
  /** A file is there whole, at `path` for now; what this throws ends the pull before the next one. */
  readonly onFile?: (file: HubFile, path: string) => void;
  /** Another process fetches the same model; this one waits for it. */
  readonly onWait: (holder: string) => void;
  readonly patience?: Patience;
  /** Bytes that are free where a folder is. */
  readonly available?: (folder: string) => Promise<number>;
}

/**
 * The path that the model is loaded by. Throws what `HubClient`, `chooseModel`, `requireDecodable` and `downloadFile`
 * do, and `disk_full`.
 */
export async function pullModel(reference: HubReference, options: PullOptions): Promise<string> {
  const { client, cache, signal, patience = PATIENCE, onWait } = options;
  const { repo, quant, revision } = reference;
  // What moves on while it is fetched does not: all files are of one commit.
  const commit = await untilAnswered(() => client.findCommit(repo, revision, signal), patience, signal);
  const listing = await untilAnswered(() => client.listFiles(repo, commit, signal), patience, signal);
  const offer = groupModels(listing);
  const model = chooseModel(repo, offer, quant);
  requireDecodable(repo, model, offer);
  const folder = cache.folderOf(reference);
  const lockPath = `${cachedPath(folder, at(model.files, 0))}.lock`;
  const left = (): Promise<number> => bytesLeft(folder, model);
  return namingFullDisk(folder, left, async () => {
    await mkdir(dirname(lockPath), { recursive: true });
    const lock = await takeFileLock(lockPath, signal, onWait);
    try {
      await fetchFiles(model, folder, commit, reference, options);
    } finally {
      await lock.release();
    }
    return modelPath(folder, model);
  });
}

async function bytesLeft(folder: string, { files, bytes }: ModelFiles<HubFile>): Promise<number> {
  const there = await Promise.all(files.map((file) => bytesThere(folder, file)));
  return bytes - there.reduce((sum, found) => sum + found, 0);
}

/** Until the last file is there whole, all stay under their parts' names: a model is never of two versions. */
async function fetchFiles(
  model: ModelFiles<HubFile>,
  folder: string,
  commit: string,
  { repo }: HubReference,
  options: PullOptions,
): Promise<void> {
  const { client, signal, patience = PATIENCE, available = freeBytes, onPlan, onProgress, onFile } = options;
  for (const file of model.files) await recoverHash(folder, file, signal);
  const left = await bytesLeft(folder, model);
  onPlan(model, left, commit);
  await requireSpace(folder, left, available);
  let done = 0;
  for (const file of model.files) {
    const report = (bytes: number): void => onProgress(done + bytes);
    const snapshot = { repo, commit };
    const isThere = await isCached(folder, file);
    if (!isThere) await downloadFile({ client, snapshot, file, folder, signal, patience, onProgress: report });
    onFile?.(file, isThere ? cachedPath(folder, file) : partPath(folder, file));
    done += file.bytes;
    onProgress(done);
  }
  await keepFiles(folder, model, commit);
}
