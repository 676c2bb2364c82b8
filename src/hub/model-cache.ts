/**
 * The pulled models: `models/ORG/NAME/...` in the cache directory, as the hub has them; of a named revision
 * `models/ORG/NAME@REVISION/...`, so that a pinned model stays what it is.
 */

import { readdirSync, rmSync, rmdirSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { cachedPath, commitOf, hashPath, modelPath, ownerOfPart } from "./cached-file.ts";
import { CHECKPOINT, isCheckpointFile } from "./checkpoint-files.ts";
import { answersTo, chooseModel, failQuant, findModel, groupModels, quantOfFile, sumBytes } from "./model-files.ts";
import type { ModelFile, ModelFiles } from "./model-files.ts";
import type { HubReference } from "./reference.ts";

/** No repository has it in its name. */
const REVISION_MARK = "@";
/** Of a revision such as "refs/pr/1"; none has a "%". */
const ESCAPED_SLASH = "%2F";

export interface CachedModel extends ModelFiles<ModelFile> {
  readonly repo: string;
  readonly revision: string | null;
  /** That it was pulled at, by its first file; null where that was not written down. */
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

  /** Models that are fetched in part, with the bytes of those files. */
  unfinished(): readonly (HubReference & { readonly bytes: number })[] {
    return this.#folders().flatMap((folder) => {
      const bytesOf = new Map<string | null, number>();
      for (const { path, bytes } of filesIn(this.folderOf(folder))) {
        const owner = ownerOfPart(path);
        const quant = owner === null ? null : quantOfFile(owner);
        if (owner !== null) bytesOf.set(quant, (bytesOf.get(quant) ?? 0) + bytes);
      }
      return [...bytesOf].map(([quant, bytes]) => ({ ...folder, quant, bytes }));
    });
  }

  /**
   * The path that the model is loaded by, or null where it was not pulled. Throws `quant_unavailable` where two models
   * answer to its name.
   */
  find(reference: HubReference): string | null {
    const { repo, quant } = reference;
    const models = this.#modelsOf(reference);
    const [only, ...more] = models.filter(({ lacks }) => lacks === null);
    const isOnly = quant === null && more.length === 0;
    const found = isOnly ? only : findModel(repo, models, quant);
    return found === undefined || found === null ? null : modelPath(this.folderOf(reference), found);
  }

  /** Throws `quant_unavailable`, with what is there, where `find` is null though others of the repository were pulled. */
  requireNoOther(reference: HubReference): void {
    const models = this.#modelsOf(reference);
    if (models.some(({ lacks }) => lacks === null)) chooseModel(reference.repo, models, reference.quant);
  }

  /**
   * Removes the model's files, or all of the repository's, and what was fetched in part. Returns what went. Throws
   * `quant_unavailable` where no model, whole or not, answers to the name, or two do.
   */
  remove(reference: HubReference): RemovedModel {
    const folder = this.folderOf(reference);
    const there = filesIn(folder);
    const chosen = reference.quant === null ? there : filesOf(reference.repo, reference.quant, there);
    for (const file of chosen) {
      const path = cachedPath(folder, file);
      rmSync(path, { force: true });
      rmSync(hashPath(ownerOfPart(path) ?? path), { force: true });
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
      const [commit = null, ...others] = model.files.map((file) => commitOf(cachedPath(folder, file)));
      // Equal names and sizes do not make parts of one version; a file that is alone is what it is.
      const isOneVersion = others.length === 0 || (commit !== null && others.every((other) => other === commit));
      const lacks = model.lacks ?? (isOneVersion ? null : "its parts are of different versions");
      return { ...model, repo, revision, commit, lacks };
    });
  }
}

/** Those of the model that `quant` names, whole or not, and their parts. Throws `quant_unavailable`. */
function filesOf(repo: string, quant: string, there: readonly ModelFile[]): readonly ModelFile[] {
  const owned = there.map((file) => ({ file, owner: ownerOfPart(file.path) ?? file.path }));
  if (quant.toLowerCase() === CHECKPOINT) {
    const chosen = owned.filter(({ owner }) => isCheckpointFile(owner)).map(({ file }) => file);
    return chosen.length > 0 ? chosen : failQuant(repo, quant, groupModels(there));
  }
  const models = groupModels(owned.map(({ file: { bytes }, owner }) => ({ path: owner, bytes })));
  const found = models.filter((model) => answersTo(model, quant));
  if (found.length === 0) failQuant(repo, quant, models);
  // Versions in another number of parts share the name, and go with it.
  if (new Set(found.map(({ stem }) => stem)).size > 1) failQuant(repo, `single ${quant}`, found);
  const paths = new Set(found.flatMap(({ files }) => files.map(({ path }) => path)));
  return owned.filter(({ owner }) => paths.has(owner)).map(({ file }) => file);
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
