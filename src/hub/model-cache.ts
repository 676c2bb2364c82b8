/**
 * The pulled models: `models/ORG/NAME/...` in the cache directory, as the hub has them; of a named revision
 * `models/ORG/NAME@REVISION/...`, so that a pinned model stays what it is.
 */

import { readdirSync, rmSync, rmdirSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { cachedPath, commitOf, hashPath, PART_SUFFIX } from "./cached-file.ts";
import { chooseModel, groupModels, isWhole, sumBytes } from "./model-files.ts";
import type { ModelFile, ModelFiles } from "./model-files.ts";
import type { HubReference } from "./reference.ts";

/** No repository has it in its name. */
const REVISION_MARK = "@";
/** Of a revision such as "refs/pr/1"; none has a "%". */
const ESCAPED_SLASH = "%2F";

export interface CachedModel extends ModelFiles<ModelFile> {
  readonly repo: string;
  readonly revision: string | null;
  /** That its first file was fetched at, or null where that was not written down. */
  readonly commit: string | null;
}

export interface RemovedModel {
  readonly bytes: number;
  /** Of its files, where they were. */
  readonly paths: readonly string[];
}

/** A repository's folder of the cache: of its main branch, or of a revision. */
type Folder = Pick<HubReference, "repo" | "revision">;

export class ModelCache {
  readonly #root: string;

  /** Of the cache directory; need not exist. */
  constructor(cacheDirectory: string) {
    this.#root = join(cacheDirectory, "models");
  }

  folderOf({ repo, revision }: Folder): string {
    const folder = join(this.#root, ...repo.split("/"));
    return revision === null ? folder : `${folder}${REVISION_MARK}${revision.replaceAll("/", ESCAPED_SLASH)}`;
  }

  /** All models, also those with parts missing, by repository and size. */
  list(): readonly CachedModel[] {
    return this.#folders().flatMap((folder) => this.#modelsOf(folder));
  }

  /** Bytes of files that are fetched in part, by repository. */
  unfinished(): readonly (Folder & ModelFile)[] {
    return this.#folders().flatMap((folder) =>
      filesIn(this.folderOf(folder))
        .filter(({ path }) => path.endsWith(PART_SUFFIX))
        .map((file) => ({ ...folder, ...file })),
    );
  }

  /** The path of the model's first file, or null where it was not pulled. Throws `quant_unavailable`. */
  find(reference: HubReference): string | null {
    const { repo, quant } = reference;
    const models = this.#modelsOf(reference);
    const whole = models.filter(isWhole);
    const [only] = whole;
    if (only === undefined) return null;
    const chosen = quant === null && whole.length === 1 ? only : chooseModel(repo, models, quant);
    const [first] = chosen.files;
    return first === undefined ? null : cachedPath(this.folderOf(reference), first);
  }

  /** Removes the model's files, or all of the repository's, and what was fetched in part. Returns what went. */
  remove(reference: HubReference): RemovedModel {
    const { repo, quant } = reference;
    const folder = this.folderOf(reference);
    const there = filesIn(folder);
    const models = this.#modelsOf(reference);
    const chosen = quant === null ? there : chooseModel(repo, models, quant).files;
    for (const file of chosen) {
      const path = cachedPath(folder, file);
      rmSync(path, { force: true });
      rmSync(hashPath(path), { force: true });
    }
    removeEmpty(folder);
    removeEmpty(join(folder, ".."));
    return { bytes: sumBytes(chosen), paths: chosen.map((file) => cachedPath(folder, file)) };
  }

  #folders(): readonly Folder[] {
    return listFolder(this.#root).flatMap((owner) =>
      listFolder(join(this.#root, owner)).map((folder) => {
        const [name = "", revision] = folder.split(REVISION_MARK);
        return { repo: `${owner}/${name}`, revision: revision?.replaceAll(ESCAPED_SLASH, "/") ?? null };
      }),
    );
  }

  #modelsOf(reference: Folder): readonly CachedModel[] {
    const folder = this.folderOf(reference);
    const { repo, revision } = reference;
    return groupModels(filesIn(folder)).map((model) => {
      const [first] = model.files;
      return { ...model, repo, revision, commit: first === undefined ? null : commitOf(cachedPath(folder, first)) };
    });
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
