/** `turnwise cache`: what was made and is kept for the next time, and its end. */

import { rmSync } from "node:fs";
import { formatBytes } from "../../base/bytes.ts";
import type { OptionTable, OptionValues } from "../../base/option-table.ts";
import { largerThan, PackFolder } from "../../packs/pack-folder.ts";
import { refuseOptions, requireAction } from "../action-argument.ts";
import { EXIT_CODES, defineCommand } from "../command.ts";
import { type KeptFile, listPacks, listSynthetic } from "../kept-files.ts";
import { CACHE_OPTIONS } from "../options/cache-options.ts";
import { PACK_FOLDER_OPTIONS, packFolderOf } from "../options/weight-cache-options.ts";
import { syntheticFolderOf } from "../synthetic-model.ts";
import { writeJson, writeLine, writeText } from "../terminal.ts";
import type { Terminal } from "../terminal.ts";
import { textTable } from "../text-table.ts";

const PRUNE_OPTIONS = {
  all: { type: { kind: "boolean" }, default: false, env: null, help: "Remove all that is listed" },
  "unused-for": {
    // No timer waits for it.
    type: { kind: "duration", maxMs: Number.MAX_SAFE_INTEGER },
    default: null,
    env: null,
    help: "Remove what nothing has used for so long, such as 720h",
  },
  "max-size": {
    type: { kind: "bytes" },
    default: null,
    env: null,
    help: "Remove the least recently used until all together takes so many bytes",
  },
} as const satisfies OptionTable;

const OUTPUT_OPTIONS = {
  json: { type: { kind: "boolean" }, default: false, env: null, help: "Print one JSON array" },
} as const satisfies OptionTable;

type PruneValues = OptionValues<typeof PRUNE_OPTIONS>;

const ACTIONS = ["ls", "prune"] as const;

export const CACHE = defineCommand({
  name: "cache",
  summary: "List what is kept for faster starts and benches, or remove some",
  details:
    "A pack is used by the next start of its model on any CPU of its layout; those of layout masks are what\n" +
    "grammars need of a vocabulary, on any CPU. Synthetic models are the random weights that benches wrote to measure\n" +
    "with. prune removes what nothing can use any more: packs whose model is gone or has changed, what is damaged, and\n" +
    "what killed writers left. A running server keeps the weights that it has mapped.",
  arguments: { action: { required: true, help: "ls or prune" } },
  groups: { Prune: PRUNE_OPTIONS, Output: OUTPUT_OPTIONS, Cache: { ...CACHE_OPTIONS, ...PACK_FOLDER_OPTIONS } },
  examples: ["turnwise cache ls", "turnwise cache prune", "turnwise cache prune --unused-for 720h --max-size 20GiB"],
  run: async ({ arguments: { action: given }, options }, { terminal }) => {
    const packs = new PackFolder(packFolderOf(options, terminal.env));
    const synthetic = syntheticFolderOf(terminal.env, options.cacheDir);
    const action = requireAction("cache", given, ACTIONS);
    if (action === "ls") refuseOptions("cache ls", PRUNE_OPTIONS, options);
    const files =
      action === "ls" ? [...listPacks(packs), ...listSynthetic(synthetic)] : prune(packs, synthetic, options);
    if (options.json) await writeJson(terminal.stdout, files.map(jsonOf));
    else await report(action, files, { pack: packs.path, synthetic }, terminal);
    return EXIT_CODES.ok;
  },
});

/** Removes and returns what the options say. */
function prune(packs: PackFolder, synthetic: string, { all, unusedFor, maxSize }: PruneValues): readonly KeptFile[] {
  const oldestMs = Date.now() - (unusedFor ?? Infinity);
  const isDoomed = ({ usedMs, stale }: KeptFile): boolean => all || usedMs < oldestMs || stale !== null;
  const models = removeFiles(listSynthetic(synthetic).filter(isDoomed));
  // After the models, since packs of those are of no use now.
  const removed = removeFiles(listPacks(packs).filter(isDoomed));
  const rest = [...listPacks(packs), ...listSynthetic(synthetic)];
  const evicted = removeFiles(maxSize === null ? [] : largerThan(rest, maxSize));
  return [...removed, ...models, ...evicted];
}

function removeFiles(files: readonly KeptFile[]): readonly KeptFile[] {
  for (const { path } of files) rmSync(path, { force: true });
  return files;
}

function jsonOf({ usedMs, stale, ...file }: KeptFile): object {
  return { ...file, lastUsed: new Date(usedMs).toISOString(), stale };
}

async function report(
  action: (typeof ACTIONS)[number],
  files: readonly KeptFile[],
  folders: Readonly<Record<KeptFile["kind"], string>>,
  { stdout, stderr }: Terminal,
): Promise<void> {
  if (files.length > 0) {
    const cells = files.map(({ kind, path, model, quant, layout, bytes, usedMs, stale }) => [
      model ?? path,
      quant ?? "",
      layout ?? (kind === "synthetic" ? kind : ""),
      formatBytes(bytes),
      new Date(usedMs).toISOString().slice(0, 16).replace("T", " "),
      (action === "ls" ? stale : null) ?? "",
    ]);
    await writeText(stdout, textTable(cells, new Set([3])));
  }
  const place = (kind: KeptFile["kind"]): string => (action === "ls" ? ` in ${folders[kind]}` : "");
  const packs = files.filter(({ kind }) => kind === "pack");
  const models = files.filter(({ kind }) => kind === "synthetic");
  const line = `${action === "ls" ? "" : "removed "}${countOf(packs, "pack")}${place("pack")}`;
  const more = models.length === 0 ? "" : `, ${countOf(models, "synthetic model")}${place("synthetic")}`;
  await writeLine(stderr, line + more);
}

/** "2 packs of 4.34 GiB". */
function countOf(files: readonly KeptFile[], what: string): string {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return `${files.length} ${what}${files.length === 1 ? "" : "s"} of ${formatBytes(bytes)}`;
}
