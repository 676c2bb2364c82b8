/** `turnwise pull`: which of a repository's models, whether it fits, and all of its files. */

import { mkdir } from "node:fs/promises";
import { requireSpace } from "./disk-space.ts";
import { bytesThere, downloadFile } from "./download-file.ts";
import type { HubClient } from "./hub-client.ts";
import type { ModelCache } from "./model-cache.ts";
import { chooseModel, groupModels } from "./model-files.ts";
import type { ModelFiles } from "./model-files.ts";
import type { HubReference } from "./reference.ts";
import type { HubFile } from "./tree-listing.ts";

export interface PullOptions {
  readonly client: HubClient;
  readonly cache: ModelCache;
  readonly signal: AbortSignal;
  /** Once it is known what is fetched; `bytesLeft` of it are not there yet. */
  readonly onPlan: (model: ModelFiles<HubFile>, bytesLeft: number, commit: string) => void;
  /** Bytes of all files that are there. */
  readonly onProgress: (bytes: number) => void;
  readonly onWait: (holder: string) => void;
}

/** The path of the model's first file. Throws what `HubClient`, `chooseModel` and `downloadFile` do. */
export async function pullModel(reference: HubReference, options: PullOptions): Promise<string> {
  const { client, cache, signal, onPlan, onProgress, onWait } = options;
  const { repo, quant, revision } = reference;
  // What moves on while it is fetched does not: all files are of one commit.
  const commit = await client.findCommit(repo, revision, signal);
  const listing = await client.listFiles(repo, commit, signal);
  const model = chooseModel(repo, groupModels(listing), quant);
  const folder = cache.folderOf(reference);
  await mkdir(folder, { recursive: true });
  const there = await Promise.all(model.files.map((file) => bytesThere(folder, file)));
  const bytesLeft = model.bytes - there.reduce((sum, bytes) => sum + bytes, 0);
  onPlan(model, bytesLeft, commit);
  await requireSpace(folder, bytesLeft);
  const paths: string[] = [];
  let done = 0;
  for (const file of model.files) {
    const report = (bytes: number): void => onProgress(done + bytes);
    paths.push(
      await downloadFile({ client, snapshot: { repo, commit }, file, folder, signal, onProgress: report, onWait }),
    );
    done += file.bytes;
  }
  return paths[0] ?? folder;
}
