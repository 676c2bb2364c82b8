/** Packs a model into a file without running it: for the build of an image, or ahead of the first start. */

import { mkdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fail } from "../../base/errors.ts";
import { compileModel } from "../../compile/compile-model.ts";
import { systemReason } from "../../formats/file-source.ts";
import { planWeights } from "../../compile/plan-weights.ts";
import { bindWeights } from "../../models/bind-weights.ts";
import { buildGraph } from "../../models/families.ts";
import type { LoadQuant } from "../../models/load-quants.ts";
import { chooseIsa, isaThatPacksFor } from "../../native/isa.ts";
import { requireAddon } from "../../native/load-addon.ts";
import { encodePackHeader, planPack } from "../../packs/pack-file.ts";
import { type PackEntry, PackFolder, removePack } from "../../packs/pack-folder.ts";
import type { WeightStoreHandle } from "../../native/addon-types.ts";
import { pack, packHeaderOf, REPLACED } from "./load-weights.ts";
import { modelIdOf, openSource, PAGE_TOKENS } from "./load-model.ts";

export interface PackModelOptions {
  readonly model: string;
  readonly quant: LoadQuant | "none";
  readonly folder: string;
  /**
   * Bytes of all packs of the folder, which is this machine's cache: the pack names the model's files, and is used only
   * while they are as they were. Null: it may be moved, and takes what room it needs.
   */
  readonly maxBytes: number | null;
  /** The level to pack for; null: the best of this machine. */
  readonly isa: string | null;
  readonly threads: number;
  readonly onProgress: (phase: "packing" | "writing", fraction: number) => void;
}

export interface PackedFile {
  readonly path: string;
  readonly bytes: number;
  readonly layout: string;
}

const POLL_MS = 50;

/**
 * Throws what loading throws, `invalid_option` for the level, and `file_unwritable`, before it packs where the cache or
 * the disk has no room.
 */
export async function packModel(options: PackModelOptions): Promise<PackedFile> {
  const { model, quant, folder: folderPath, threads, onProgress, maxBytes } = options;
  const addon = requireAddon();
  const target = options.isa ?? chooseIsa(addon.cpuInfo().isaLevels, undefined);
  const isa = isaThatPacksFor(addon, target);
  const source = openSource({ model, quant }, true);
  let store: WeightStoreHandle | null = null;
  try {
    const graph = buildGraph(source.spec());
    const weights = bindWeights(graph, source);
    // The weight table is the same for every size of step and kind of page.
    const { program } = compileModel(graph, weights, {
      maxTokens: 1,
      maxLogitRows: 1,
      kvType: "f32",
      pageTokens: PAGE_TOKENS,
    });
    const modelName = modelIdOf(source.path);
    const report = (done: number, total: number): void => onProgress("packing", done / total);
    const demand = { program, weights, source, modelName, quant, addon, isa, threads, onProgress: report };
    const header = packHeaderOf(demand, target);
    if (!source.isCurrent()) fail("file_unreadable", { path: source.path, reason: `it ${REPLACED}` });
    const folder = new PackFolder(folderPath);
    makeFolder(folderPath);
    const path = folder.pathOf(modelName, header.layout, header.key);
    const { fileBytes, sumsOffset, dataOffset } = planPack(planWeights(program.weights).bytes);
    const evicted = maxBytes === null ? [] : requireRoom(folder, path, fileBytes, maxBytes);
    store = pack(demand);
    for (const entry of evicted) removePack(entry);
    const isLocal = maxBytes !== null;
    const written = isLocal ? header : { ...header, model: { ...header.model, files: null, modifiedMs: null } };
    const partialPath = folder.partialPathOf(path);
    store.startWriting({ path, partialPath, header: encodePackHeader(written, store.bytes), sumsOffset, dataOffset });
    await untilWritten(store, path, onProgress);
    return { path, bytes: fileBytes, layout: header.layout };
  } finally {
    store?.dispose();
    source.dispose();
  }
}

/** The packs that go for it. Throws `file_unwritable`. */
function requireRoom(folder: PackFolder, path: string, bytes: number, maxBytes: number): readonly PackEntry[] {
  const room = folder.planRoom(path, bytes, maxBytes);
  return room.kind === "room" ? room.evicted : fail("file_unwritable", { path, reason: room.reason });
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    fail("file_unwritable", { path, reason: systemReason(error) });
  }
}

async function untilWritten(
  store: WeightStoreHandle,
  path: string,
  onProgress: PackModelOptions["onProgress"],
): Promise<void> {
  for (;;) {
    const writing = store.writing();
    if (writing === null || writing.state === "written") return;
    if (writing.state === "busy") fail("file_unwritable", { path, reason: "another process is writing it" });
    if (writing.state === "failed") fail("file_unwritable", { path, reason: writing.reason });
    onProgress("writing", writing.fraction);
    await sleep(POLL_MS);
  }
}
