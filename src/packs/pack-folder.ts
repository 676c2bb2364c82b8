/**
 * A folder of packs: where one lies, which there are, and which go when room is needed. A pack that another
 * process has mapped may be removed: its memory stays until that process ends.
 */

import { readdirSync, rmSync, statfsSync, statSync, utimesSync } from "node:fs";
import { join, resolve } from "node:path";
import { formatBytes } from "../base/bytes.ts";
import { describeFiles } from "./model-files.ts";
import { type PackHeader, readPackHeader } from "./pack-file.ts";

const SUFFIX = ".twpack";
const PARTIAL_SUFFIX = ".twpack-partial";
/** Whoever writes a file writes to it all the time; one that was so long idle was killed. */
export const ABANDONED_MS = 10 * 60_000;
/** Left free on the disk: packs are a convenience, and a full disk stops other programs. */
const LEAST_FREE_BYTES = 2 ** 30;
const LEAST_FREE_SHARE = 0.05;

export interface PackEntry {
  readonly path: string;
  readonly bytes: number;
  /** When a start last used it, or when it was written. */
  readonly usedMs: number;
  /** Null: what is there cannot be used, for `problem`. */
  readonly header: PackHeader | null;
  readonly problem: string | null;
}

/** What it takes to write one more pack. */
export type RoomPlan =
  /** These go first. */
  | { readonly kind: "room"; readonly evicted: readonly PackEntry[] }
  /** It alone is larger than all packs may be. */
  | { readonly kind: "over-bound"; readonly reason: string }
  | { readonly kind: "disk-full"; readonly reason: string };

/** What a pack must say of itself, or says. */
type PackIdentity = Omit<PackHeader, "sections">;

export class PackFolder {
  readonly path: string;

  /** Need not exist. */
  constructor(path: string) {
    this.path = path;
  }

  /** Names are for people; the key's beginning tells packs of one model apart. */
  pathOf(modelName: string, layout: string, key: string): string {
    const name = modelName.replaceAll(/[^\w.-]+/g, "_").slice(0, 80);
    return join(this.path, `${name}${endingOf(layout, key)}`);
  }

  /** Where such a pack lies, whatever its model was called when it was packed; where there is none, its own path. */
  find(wanted: PackIdentity): string {
    const { model, layout, key } = wanted;
    const own = this.pathOf(model.name, layout, key);
    const fits = (path: string): boolean => {
      const read = readPackHeader(path);
      return "header" in read && mismatch(read.header, wanted) === null;
    };
    if (fits(own)) return own;
    const ending = endingOf(layout, key);
    return filesIn(this.path).find(({ path }) => path.endsWith(ending) && fits(path))?.path ?? own;
  }

  partialPathOf(path: string): string {
    return path.slice(0, -SUFFIX.length) + PARTIAL_SUFFIX;
  }

  /** All packs, the most recently used first. */
  list(): readonly PackEntry[] {
    return filesIn(this.path)
      .filter(({ path }) => path.endsWith(SUFFIX))
      .map((file): PackEntry => {
        const read = readPackHeader(file.path);
        if ("header" in read) return { ...file, header: read.header, problem: null };
        return { ...file, header: null, problem: "absent" in read ? "it is gone" : read.problem };
      })
      .toSorted((left, right) => right.usedMs - left.usedMs);
  }

  /** Those that were made of any of these model files. */
  madeOf(files: readonly string[]): readonly PackEntry[] {
    const wanted = new Set(files.map((file) => resolve(file)));
    return this.list().filter(({ header }) => header?.model.files?.some((file) => wanted.has(resolve(file))) === true);
  }

  /** What killed writers left. */
  abandoned(): readonly Omit<PackEntry, "header" | "problem">[] {
    const now = Date.now();
    return filesIn(this.path).filter(
      ({ path, usedMs }) => path.endsWith(PARTIAL_SUFFIX) && now - usedMs > ABANDONED_MS,
    );
  }

  /** Remembers that `path` was used, for the order in which packs go. */
  touch(path: string): void {
    const now = new Date();
    try {
      utimesSync(path, now, now);
    } catch {
      // A folder that is not ours to write to; then it is not ours to remove from either.
    }
  }

  /**
   * How a pack of `bytes` gets room at `path`, so that all packs take at most `maxBytes` and the disk stays usable. One
   * that lies there already is replaced: it counts to the disk only. Throws what the system says.
   */
  planRoom(path: string, bytes: number, maxBytes: number): RoomPlan {
    if (bytes > maxBytes) {
      const reason = `they take ${formatBytes(bytes)}, the cache may have ${formatBytes(maxBytes)}`;
      return { kind: "over-bound", reason };
    }
    const others = this.list().filter((entry) => entry.path !== path);
    const evicted = largerThan(others, maxBytes - bytes);
    const moreBytes = bytes - evicted.reduce((sum, entry) => sum + entry.bytes, 0);
    const { bavail, blocks, bsize } = statfsSync(this.path);
    const spareBytes = Math.max(LEAST_FREE_BYTES, blocks * bsize * LEAST_FREE_SHARE);
    if (bavail * bsize - moreBytes >= spareBytes) return { kind: "room", evicted };
    return { kind: "disk-full", reason: `the disk of ${this.path} is too full for ${formatBytes(bytes)} more` };
  }
}

/** The entries, the least recently used first, without which the others take at most `maxBytes`. */
export function largerThan<Entry extends { readonly bytes: number; readonly usedMs: number }>(
  entries: readonly Entry[],
  maxBytes: number,
): readonly Entry[] {
  let total = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  const evicted: Entry[] = [];
  for (const entry of entries.toSorted((left, right) => left.usedMs - right.usedMs)) {
    if (total <= maxBytes) break;
    evicted.push(entry);
    total -= entry.bytes;
  }
  return evicted;
}

const endingOf = (layout: string, key: string): string => `.${layout}.${key.slice(0, 16)}${SUFFIX}`;

export const ANOTHER_MODEL = "they are another model's";

/** Why `found` does not serve where `wanted` is asked for; null where it does. Packs to be moved fit files of any time. */
export function mismatch(found: PackIdentity, wanted: PackIdentity): string | null {
  if (found.key !== wanted.key) return ANOTHER_MODEL;
  const { modifiedMs } = found.model;
  return modifiedMs === null || modifiedMs === wanted.model.modifiedMs ? null : "the model has changed since";
}

/** Why nothing can use a pack any more; null where its model is as it was. Packs that were made to be moved have none. */
export function staleReason({ header, problem }: PackEntry): string | null {
  if (header === null) return problem;
  const { files, bytes, modifiedMs } = header.model;
  if (files === null || modifiedMs === null) return null;
  const found = describeFiles(files);
  if (found === null) return "its model is gone";
  return found.modifiedMs === modifiedMs && found.bytes === bytes ? null : "its model has changed";
}

export function removePack({ path }: { readonly path: string }): void {
  rmSync(path, { force: true });
}

function filesIn(
  folder: string,
): readonly { readonly path: string; readonly bytes: number; readonly usedMs: number }[] {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names.toSorted().flatMap((name) => {
    const path = join(folder, name);
    const found = statSync(path, { throwIfNoEntry: false });
    return found?.isFile() === true ? [{ path, bytes: found.size, usedMs: found.mtimeMs }] : [];
  });
}
