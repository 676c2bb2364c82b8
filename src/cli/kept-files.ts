/**
 * What the cache directory keeps because to make it again takes long: packs, and the models of random weights that
 * benches write. As `turnwise cache` lists and removes it; pulled models are `turnwise models`'.
 */

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { ABANDONED_MS, type PackFolder, staleReason } from "../packs/pack-folder.ts";
import { parseKeptName } from "./synthetic-model.ts";

export interface KeptFile {
  readonly kind: "pack" | "synthetic";
  readonly path: string;
  /** Of the model; null, as `quant` and `layout`, where the file does not say. */
  readonly model: string | null;
  readonly quant: string | null;
  /** Of a pack. */
  readonly layout: string | null;
  readonly bytes: number;
  readonly usedMs: number;
  /** Why nothing can use it any more, or null. */
  readonly stale: string | null;
}

const BROKEN_OFF = "its writing was broken off";
/** Of `writeFilePieces`. */
const TEMPORARY = /\.\d+\.tmp$/;

/** The most recently used first, then what killed writers left. */
export function listPacks(folder: PackFolder): readonly KeptFile[] {
  const packs = folder.list().map((entry): KeptFile => {
    const { path, bytes, usedMs, header } = entry;
    const { name = null, quant = null } = header?.model ?? {};
    const layout = header?.layout ?? null;
    return { kind: "pack", path, model: name, quant, layout, bytes, usedMs, stale: staleReason(entry) };
  });
  const unknown = { model: null, quant: null, layout: null, stale: BROKEN_OFF };
  return [...packs, ...folder.abandoned().map((file): KeptFile => ({ kind: "pack", ...unknown, ...file }))];
}

/** The most recently used first, as far as the file system notes when a file is read. */
export function listSynthetic(folder: string): readonly KeptFile[] {
  return namesIn(folder)
    .flatMap((name) => syntheticFile(join(folder, name), name) ?? [])
    .toSorted((left, right) => right.usedMs - left.usedMs);
}

/** Null where `name` is nothing that a bench writes. */
function syntheticFile(path: string, name: string): KeptFile | null {
  const kept = parseKeptName(name.replace(TEMPORARY, ""));
  const found = statSync(path, { throwIfNoEntry: false });
  if (kept === null || found === undefined) return null;
  const usedMs = Math.max(found.atimeMs, found.mtimeMs);
  const isPartial = TEMPORARY.test(name);
  if (isPartial && Date.now() - found.mtimeMs <= ABANDONED_MS) return null;
  const { shape: model, quant, isCurrent } = kept;
  const stale = isPartial ? BROKEN_OFF : isCurrent ? null : "benches write another one now";
  return { kind: "synthetic", path, model, quant, layout: null, bytes: found.size, usedMs, stale };
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
