/** `turnwise cache`: the packs that make starts fast, and their end. */

import { formatBytes } from "../../base/bytes.ts";
import type { OptionTable, OptionValues } from "../../base/option-table.ts";
import { type PackEntry, PackFolder, removePack, staleReason } from "../../packs/pack-folder.ts";
import { refuseOptions, requireAction } from "../action-argument.ts";
import { EXIT_CODES, defineCommand } from "../command.ts";
import { CACHE_OPTIONS } from "../options/cache-options.ts";
import { PACK_FOLDER_OPTIONS, packFolderOf } from "../options/weight-cache-options.ts";
import { writeJson, writeLine, writeText } from "../terminal.ts";
import type { Terminal } from "../terminal.ts";
import { textTable } from "../text-table.ts";

const PRUNE_OPTIONS = {
  all: { type: { kind: "boolean" }, default: false, env: null, help: "Remove every pack" },
  "unused-for": {
    // No timer waits for it.
    type: { kind: "duration", maxMs: Number.MAX_SAFE_INTEGER },
    default: null,
    env: null,
    help: "Remove packs that no start has used for so long, such as 720h",
  },
  "max-size": {
    type: { kind: "bytes" },
    default: null,
    env: null,
    help: "Remove the least recently used until all packs together take so many bytes",
  },
} as const satisfies OptionTable;

const OUTPUT_OPTIONS = {
  json: { type: { kind: "boolean" }, default: false, env: null, help: "Print one JSON array of the packs" },
} as const satisfies OptionTable;

type PruneValues = OptionValues<typeof PRUNE_OPTIONS>;

const ACTIONS = ["ls", "prune"] as const;

export const CACHE = defineCommand({
  name: "cache",
  summary: "List what is kept for faster starts, or remove some",
  details:
    "A pack is used by the next start of its model on any CPU of its layout; those of layout masks are what\n" +
    "grammars need of a vocabulary, on any CPU. prune removes those that nothing\n" +
    "can use any more: their model is gone or has changed, they are damaged, or their writing was broken off.\n" +
    "A running server keeps the weights that it has mapped.",
  arguments: { action: { required: true, help: "ls or prune" } },
  groups: { Prune: PRUNE_OPTIONS, Output: OUTPUT_OPTIONS, Cache: { ...CACHE_OPTIONS, ...PACK_FOLDER_OPTIONS } },
  examples: ["turnwise cache ls", "turnwise cache prune", "turnwise cache prune --unused-for 720h --max-size 20GiB"],
  run: async ({ arguments: { action: given }, options }, { terminal }) => {
    const folder = new PackFolder(packFolderOf(options, terminal.env));
    const action = requireAction("cache", given, ACTIONS);
    if (action === "ls") refuseOptions("cache ls", PRUNE_OPTIONS, options);
    const entries = action === "ls" ? folder.list() : prune(folder, options);
    if (options.json) await writeJson(terminal.stdout, entries.map(jsonOf));
    else await report(action, entries, folder, terminal);
    return EXIT_CODES.ok;
  },
});

/** Removes and returns what the options say. */
function prune(folder: PackFolder, { all, unusedFor, maxSize }: PruneValues): readonly PackEntry[] {
  const entries = folder.list();
  const oldestMs = Date.now() - (unusedFor ?? Infinity);
  const removed = entries.filter((entry) => all || entry.usedMs < oldestMs || staleReason(entry) !== null);
  for (const entry of removed) removePack(entry);
  for (const partial of folder.abandoned()) {
    removePack(partial);
    removed.push({ ...partial, usedMs: 0, header: null, problem: "its writing was broken off" });
  }
  const evicted = maxSize === null ? [] : folder.largerThan(maxSize);
  for (const entry of evicted) removePack(entry);
  return [...removed, ...evicted];
}

function jsonOf(entry: PackEntry): object {
  const { path, bytes, usedMs, header } = entry;
  return {
    path,
    model: header?.model.name ?? null,
    quant: header?.model.quant ?? null,
    layout: header?.layout ?? null,
    bytes,
    lastUsed: new Date(usedMs).toISOString(),
    stale: staleReason(entry),
  };
}

async function report(
  action: (typeof ACTIONS)[number],
  entries: readonly PackEntry[],
  { path }: PackFolder,
  { stdout, stderr }: Terminal,
): Promise<void> {
  const total = formatBytes(entries.reduce((sum, { bytes }) => sum + bytes, 0));
  const count = `${entries.length} ${entries.length === 1 ? "pack" : "packs"}`;
  if (entries.length > 0) {
    const cells = entries.map((entry) => [
      entry.header?.model.name ?? entry.path,
      entry.header?.model.quant ?? "",
      entry.header?.layout ?? "",
      formatBytes(entry.bytes),
      new Date(entry.usedMs).toISOString().slice(0, 16).replace("T", " "),
      (action === "ls" ? staleReason(entry) : null) ?? "",
    ]);
    await writeText(stdout, textTable(cells, new Set([3])));
  }
  await writeLine(stderr, action === "ls" ? `${count} of ${total} in ${path}` : `removed ${count} of ${total}`);
}
