/** `turnwise pull`: which of a repository's models, whether it fits, and all of its files. */

import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { takeFileLock } from "../base/file-lock.ts";
import { at } from "../base/invariant.ts";
import { cachedPath, isCached, keepFiles } from "./cached-file.ts";
import { freeBytes, requireSpace } from "./disk-space.ts";
import { bytesThere, downloadFile } from "./download-file.ts";
import type { HubClient } from "./hub-client.ts";
import type { ModelCache } from "./model-cache.ts";
import { chooseModel, groupModels } from "./model-files.ts";
import type { ModelFiles } from "./model-files.ts";
import type { HubReference } from "./reference.ts";
import { PATIENCE, untilAnswered } from "./retry.ts";
import type { Patience } from "./retry.ts";
import type { HubFile } from "./tree-listing.ts";

export interface PullOptions {
  readonly client: HubClient;
  readonly cache: ModelCache;
  readonly signal: AbortSignal;
  /** Once it is known what is fetched; `bytesLeft` of it are not there yet. */
  readonly onPlan: (model: ModelFiles<HubFile>, bytesLeft: number, commit: string) => void;
  /** Bytes of all files that are there. */
  readonly onProgress: (bytes: number) => void;
  /** Another process fetches the same model; this one waits for it. */
  readonly onWait: (holder: string) => void;
  readonly patience?: Patience;
  /** Bytes that are free where a folder is. */
  readonly available?: (folder: string) => Promise<number>;
}

/** The path of the model's first file. Throws what `HubClient`, `chooseModel` and `downloadFile` do. */
export async function pullModel(reference: HubReference, options: PullOptions): Promise<string> {
  const { client, cache, signal, patience = PATIENCE, onWait } = options;
  const { repo, quant, revision } = reference;
  // What moves on while it is fetched does not: all files are of one commit.
  const commit = await untilAnswered(() => client.findCommit(repo, revision, signal), patience, signal);
  const listing = await untilAnswered(() => client.listFiles(repo, commit, signal), patience, signal);
  const model = chooseModel(repo, groupModels(listing), quant);
  const folder = cache.folderOf(reference);
  const path = cachedPath(folder, at(model.files, 0));
  await mkdir(dirname(path), { recursive: true });
  const lock = await takeFileLock(`${path}.lock`, signal, onWait);
  try {
    await fetchFiles(model, folder, commit, reference, options);
  } finally {
    await lock.release();
  }
  return path;
}

/** Until the last file is there whole, all stay under their parts' names: a model is never of two versions. */
async function fetchFiles(
  model: ModelFiles<HubFile>,
  folder: string,
  commit: string,
  { repo }: HubReference,
  options: PullOptions,
): Promise<void> {
  const { client, signal, patience = PATIENCE, available = freeBytes, onPlan, onProgress } = options;
  const there = await Promise.all(model.files.map((file) => bytesThere(folder, file)));
  const bytesLeft = model.bytes - there.reduce((sum, bytes) => sum + bytes, 0);
  onPlan(model, bytesLeft, commit);
  await requireSpace(folder, bytesLeft, available);
  let done = 0;
  for (const file of model.files) {
    const report = (bytes: number): void => onProgress(done + bytes);
    const snapshot = { repo, commit };
    if (!(await isCached(folder, file)))
      await downloadFile({ client, snapshot, file, folder, signal, patience, onProgress: report });
    done += file.bytes;
    onProgress(done);
  }
  await keepFiles(folder, model.files, commit);
}
