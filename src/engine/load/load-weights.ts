/**
 * A model's packed weights: from the cache of packs where one fits and is whole, else packed now, and kept
 * for the next start while the model runs already. Nothing here fails a load: without a cache it is slower.
 */

import { mkdirSync } from "node:fs";
import { systemReason } from "../../formats/file-source.ts";
import type { Program } from "../../compile/program.ts";
import type { BoundWeights } from "../../models/bind-weights.ts";
import type { ModelSource } from "../../models/model-source.ts";
import type { Addon, WeightStoreHandle } from "../../native/addon-types.ts";
import { weightLayoutOf } from "../../native/isa.ts";
import { storedWeightBytes } from "../../native/stored-weight-bytes.ts";
import { openWeights, packWeights } from "../../native/weight-store.ts";
import { planWeights } from "../../compile/plan-weights.ts";
import { describeFiles } from "../../packs/model-files.ts";
import { encodePackHeader, type PackHeader, planPack } from "../../packs/pack-file.ts";
import { readBlockSums, readPackHeader, weightsOffset } from "../../packs/pack-file.ts";
import { ANOTHER_MODEL, mismatch, PackFolder, removePack } from "../../packs/pack-folder.ts";
import { packKey } from "../../packs/pack-key.ts";
import type { WeightOrigin } from "../types.ts";
import type { WeightCacheSettings } from "../weight-cache-settings.ts";

export interface WeightsDemand {
  readonly program: Program;
  readonly weights: BoundWeights;
  readonly source: ModelSource;
  readonly modelName: string;
  readonly quant: string;
  readonly addon: Addon;
  readonly isa: string;
  readonly threads: number;
  readonly onProgress: (done: number, total: number) => void;
}

export interface LoadedWeights {
  /** The caller disposes of it. */
  readonly store: WeightStoreHandle;
  readonly origin: WeightOrigin;
}

/**
 * Takes the pack of the model, where there is a whole one, or packs. Null settings: no cache is looked at. Throws
 * what packing throws.
 */
export function loadWeights(
  demand: WeightsDemand,
  settings: WeightCacheSettings | null,
  onWarning: (message: string) => void,
): LoadedWeights {
  if (settings === null) return { store: pack(demand), origin: packedOrigin("the cache is off") };
  const folder = new PackFolder(settings.folder);
  const header = packHeaderOf(demand, demand.isa);
  // The header is of what the files' paths lead to now, the weights are those of the files that were opened.
  if (!demand.source.isCurrent()) return { store: pack(demand), origin: packedOrigin(`the model ${REPLACED}`) };
  const path = folder.find(header);
  const opened = openPack(path, header, demand);
  if (opened !== null && "store" in opened) {
    if (!settings.readOnly) folder.touch(path);
    demand.onProgress(1, 1);
    return { store: opened.store, origin: { from: "pack", pack: path, note: null } };
  }
  if (opened !== null) onWarning(`The packed weights in ${path} cannot be used: ${opened.problem}.`);
  const store = pack(demand);
  // A pack that was there is renewed whatever its size.
  const minBytes = opened === null ? settings.minBytes : 0;
  const refusal = startWriting(store, header, path, folder, { ...settings, minBytes }, onWarning);
  return { store, origin: refusal === null ? { from: "model", pack: path, note: null } : packedOrigin(refusal) };
}

/** Of a model that is not what it was when it was opened, and so is no pack's. */
export const REPLACED = "was replaced or changed while it was loaded";

const packedOrigin = (note: string): WeightOrigin => ({ from: "model", pack: null, note });

export function pack({ program, weights, isa, threads, addon, onProgress }: WeightsDemand): WeightStoreHandle {
  const weightBytes = storedWeightBytes(weights);
  return packWeights({ weights: program.weights, weightBytes, isa, threads, addon, onProgress });
}

/** What a pack for `isa` of this model must say of itself. */
export function packHeaderOf(demand: WeightsDemand, isa: string): Omit<PackHeader, "sections"> {
  const { program, weights, source, modelName, quant, addon } = demand;
  const layout = weightLayoutOf(addon, isa);
  const encodingOf = (tensor: string): string => {
    const stored = weights.get(tensor);
    return JSON.stringify([stored?.encoding, stored?.shape, stored?.columnOrder === null]);
  };
  const { weightFiles: files, weightReading: reading } = source;
  const key = packKey({ weights: program.weights, encodingOf, reading, quant, files }, layout);
  const { bytes, modifiedMs } = describeFiles(files) ?? { bytes: source.fileBytes, modifiedMs: 0 };
  return { key, layout, model: { name: modelName, files, bytes, modifiedMs, quant } };
}

interface OpenedPack {
  readonly store: WeightStoreHandle;
}

interface Problem {
  readonly problem: string;
}

/** The pack at `path`, every byte of it checked; why it is not used; null where there is none. */
function openPack(
  path: string,
  header: Omit<PackHeader, "sections">,
  { program, isa, threads, addon }: WeightsDemand,
): OpenedPack | Problem | null {
  const read = readPackHeader(path);
  if ("absent" in read) return null;
  if ("problem" in read) return read;
  const { bytes } = planWeights(program.weights);
  const offset = weightsOffset(read.header, bytes);
  if (offset === null) return { problem: ANOTHER_MODEL };
  const problem = mismatch(read.header, header);
  if (problem !== null) return { problem };
  let store: WeightStoreHandle | null = null;
  try {
    store = openWeights({ weights: program.weights, path, offset, isa, threads, addon });
    if (isWhole(store, path)) return { store };
    store.dispose();
    return { problem: "they are damaged" };
  } catch (error) {
    // Another process may have removed or replaced the file since its header was read.
    store?.dispose();
    return { problem: systemReason(error) };
  }
}

function isWhole(store: WeightStoreHandle, path: string): boolean {
  // Reads the whole file: what is not in memory yet is fetched in order, and by all threads.
  store.startBlockSums();
  const expected = readBlockSums(path, store.bytes);
  return store.blockSums().every((word, index) => word === expected[index]);
}

/** Why not, or null where the store is being written to `path`. */
function startWriting(
  store: WeightStoreHandle,
  header: Omit<PackHeader, "sections">,
  path: string,
  folder: PackFolder,
  { readOnly, maxBytes, minBytes }: WeightCacheSettings,
  onWarning: (message: string) => void,
): string | null {
  if (readOnly) return "the cache is read-only and has no pack of this model";
  if (store.bytes < minBytes) return "a model of this size is packed as fast as it is read";
  const { fileBytes, sumsOffset, dataOffset } = planPack(store.bytes);
  try {
    mkdirSync(folder.path, { recursive: true, mode: 0o700 });
    const room = folder.planRoom(path, fileBytes, maxBytes);
    if (room.kind === "disk-full")
      onWarning(`Packed weights are not kept, so the next start packs them again: ${room.reason}.`);
    if (room.kind !== "room") return room.reason;
    for (const entry of room.evicted) removePack(entry);
    const partialPath = folder.partialPathOf(path);
    store.startWriting({ path, partialPath, header: encodePackHeader(header, store.bytes), sumsOffset, dataOffset });
    return null;
  } catch (error) {
    return systemReason(error);
  }
}
