/** `turnwise models`: what was pulled, and its end. */

import { cacheDirectory } from "../../base/cache-directory.ts";
import { formatBytes } from "../../base/bytes.ts";
import { fail } from "../../base/errors.ts";
import type { OptionTable } from "../../base/option-table.ts";
import { ModelCache } from "../../hub/model-cache.ts";
import {
  formatHubReference,
  HUB_SCHEME,
  type HubReference,
  requireHubReference,
  shortCommit,
} from "../../hub/reference.ts";
import { PackFolder, removePack } from "../../packs/pack-folder.ts";
import { refuseOptions, requireAction } from "../action-argument.ts";
import { EXIT_CODES, defineCommand } from "../command.ts";
import { CACHE_OPTIONS } from "../options/cache-options.ts";
import { PACK_FOLDER_OPTIONS, packFolderOf } from "../options/weight-cache-options.ts";
import { writeJson, writeLine, writeText } from "../terminal.ts";
import type { Terminal } from "../terminal.ts";
import { textTable } from "../text-table.ts";

const MODELS_OPTIONS = {
  json: { type: { kind: "boolean" }, default: false, env: null, help: "Print one JSON array (ls)" },
} as const satisfies OptionTable;

const REMOVAL_OPTIONS = {
  "keep-packs": { type: { kind: "boolean" }, default: false, env: null, help: "Leave the packed weights (rm)" },
} as const satisfies OptionTable;

const ACTIONS = ["ls", "rm"] as const;

export const MODELS = defineCommand({
  name: "models",
  summary: "List the pulled models, or remove one",
  details:
    "rm NAME removes all that was pulled of a repository's main branch, rm NAME:QUANT one model of it (safetensors: its\n" +
    "checkpoint), and the packed weights that were made of them; NAME@REVISION is another revision.",
  arguments: {
    action: { required: true, help: "ls or rm" },
    name: { required: false, help: "For rm: ORG/NAME[:QUANT][@REVISION]" },
  },
  groups: { Output: MODELS_OPTIONS, Removal: REMOVAL_OPTIONS, Cache: { ...CACHE_OPTIONS, ...PACK_FOLDER_OPTIONS } },
  examples: ["turnwise models ls", "turnwise models rm bartowski/Llama-3.2-1B-Instruct-GGUF:Q8_0"],
  run: async ({ arguments: { action: given, name }, options }, { terminal }) => {
    const folder = cacheDirectory(terminal.env, options.cacheDir);
    const cache = new ModelCache(folder);
    if (requireAction("models", given, ACTIONS) === "ls") {
      refuseOptions("models ls", REMOVAL_OPTIONS, options);
      if (name !== null) fail("unexpected_argument", { command: "turnwise models ls", given: 1, expected: 0 });
      await list(cache, options.json, terminal);
    } else {
      refuseOptions("models rm", MODELS_OPTIONS, options);
      const packs = options.keepPacks ? null : new PackFolder(packFolderOf(options, terminal.env));
      await remove(cache, packs, name, folder, terminal);
    }
    return EXIT_CODES.ok;
  },
});

async function list(cache: ModelCache, json: boolean, { stdout, stderr }: Terminal): Promise<void> {
  const models = cache.list().map(({ repo, quant, revision, commit, bytes, lacks }) => ({
    name: nameOf({ repo, quant, revision }),
    bytes,
    complete: lacks === null,
    commit,
  }));
  const unfinished = cache.unfinished().map(({ repo, quant, revision, bytes }) => ({
    name: nameOf({ repo, quant, revision }),
    bytes,
    complete: false,
    commit: null,
  }));
  const rows = [...models, ...unfinished];
  if (json) await writeJson(stdout, rows);
  else if (rows.length === 0) await writeLine(stderr, "no model was pulled yet");
  else {
    const cells = rows.map(({ name, bytes, complete, commit }) => [
      name,
      formatBytes(bytes),
      complete ? shortCommit(commit ?? "") : "incomplete",
    ]);
    await writeText(stdout, textTable(cells, new Set([1])));
  }
}

/** As it is given to `rm`, and wherever a MODEL is. */
const nameOf = (reference: HubReference): string => formatHubReference(reference).slice(HUB_SCHEME.length);

async function remove(
  cache: ModelCache,
  packs: PackFolder | null,
  name: string | null,
  folder: string,
  { stderr }: Terminal,
): Promise<void> {
  if (name === null) return fail("missing_argument", { command: "turnwise models rm", what: "NAME" });
  const reference = requireHubReference(name);
  const { bytes, paths } = cache.remove(reference);
  if (bytes === 0) fail("model_not_pulled", { name: formatHubReference(reference), folder });
  const made = packs?.madeOf(paths) ?? [];
  for (const pack of made) removePack(pack);
  const packBytes = made.reduce((sum, pack) => sum + pack.bytes, 0);
  const packed = made.length === 0 ? "" : ` and its packed weights, ${formatBytes(packBytes)}`;
  const freed = made.length === 0 ? "" : `: ${formatBytes(bytes + packBytes)} freed`;
  return writeLine(stderr, `removed ${formatHubReference(reference)}, ${formatBytes(bytes)}${packed}${freed}`);
}
