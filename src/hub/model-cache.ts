/** The pulled models: `models/ORG/NAME/...` in the cache directory, as the hub has them. */

import { readdirSync, rmSync, rmdirSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { cachedPath, hashPath, PART_SUFFIX } from "./cached-file.ts";
import { chooseModel, groupModels, isWhole } from "./model-files.ts";
import type { ModelFile, ModelFiles } from "./model-files.ts";
import type { HubReference } from "./reference.ts";

export interface CachedModel extends ModelFiles<ModelFile> {
  /** "ORG/NAME". */
  readonly repo: string;
}

export class ModelCache {
  readonly #root: string;

  /** Of the cache directory; need not exist. */
  constructor(cacheDirectory: string) {
    this.#root = join(cacheDirectory, "models");
  }

  folderOf(repo: string): string {
    return join(this.#root, ...repo.split("/"));
  }

  /** All models, also those with parts missing, by repository and size. */
  list(): readonly CachedModel[] {
    return listFolder(this.#root).flatMap((owner) =>
      listFolder(join(this.#root, owner)).flatMap((name) => this.#modelsOf(`${owner}/${name}`)),
    );
  }

  /** Bytes of files that are fetched in part, by repository. */
  unfinished(): readonly { readonly repo: string; readonly path: string; readonly bytes: number }[] {
    return listFolder(this.#root).flatMap((owner) =>
      listFolder(join(this.#root, owner)).flatMap((name) =>
        filesIn(this.folderOf(`${owner}/${name}`))
          .filter(({ path }) => path.endsWith(PART_SUFFIX))
          .map((file) => ({ repo: `${owner}/${name}`, ...file })),
      ),
    );
  }

  /** The path of the model's first file, or null where it was not pulled. Throws `quant_unavailable`. */
  find({ repo, quant }: HubReference): string | null {
    const models = this.#modelsOf(repo);
    const whole = models.filter(isWhole);
    const [only] = whole;
    if (only === undefined) return null;
    const chosen = quant === null && whole.length === 1 ? only : chooseModel(repo, models, quant);
    const [first] = chosen.files;
    return first === undefined ? null : cachedPath(this.folderOf(repo), first);
  }

  /** Removes the model's files, or all of the repository's, and what was fetched in part. Returns the bytes. */
  remove({ repo, quant }: HubReference): number {
    const folder = this.folderOf(repo);
    const there = filesIn(folder);
    const models = this.#modelsOf(repo);
    const chosen = quant === null ? there : chooseModel(repo, models, quant).files;
    let bytes = 0;
    for (const file of chosen) {
      const path = cachedPath(folder, file);
      rmSync(path, { force: true });
      rmSync(hashPath(path), { force: true });
      bytes += file.bytes;
    }
    removeEmpty(folder);
    removeEmpty(join(folder, ".."));
    return bytes;
  }

  #modelsOf(repo: string): readonly CachedModel[] {
    return groupModels(filesIn(this.folderOf(repo))).map((model) => ({ repo, ...model }));
  }
}

function listFolder(path: string): readonly string[] {
  try {
    return readdirSync(path).toSorted();
  } catch {
    return [];
  }
}

/** All files below `folder`, by their paths from there. */
function filesIn(folder: string, prefix = ""): readonly ModelFile[] {
  return listFolder(join(folder, prefix)).flatMap((name) => {
    const path = posix.join(prefix, name);
    const found = statSync(join(folder, path), { throwIfNoEntry: false });
    if (found === undefined) return [];
    return found.isDirectory() ? filesIn(folder, path) : [{ path, bytes: found.size }];
  });
}

/** Folders without a file in them. */
function removeEmpty(folder: string): void {
  for (const name of listFolder(folder)) {
    if (statSync(join(folder, name), { throwIfNoEntry: false })?.isDirectory() === true)
      removeEmpty(join(folder, name));
  }
  if (listFolder(folder).length === 0) rmdirSyncQuietly(folder);
}

function rmdirSyncQuietly(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // It is not there, or another process put something in it.
  }
}
