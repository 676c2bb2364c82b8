/** `turnwise models`: what was pulled, and its end. */

import { cacheDirectory } from "../../base/cache-directory.ts";
import { formatBytes } from "../../base/bytes.ts";
import { fail } from "../../base/errors.ts";
import type { OptionTable } from "../../base/option-table.ts";
import { ModelCache } from "../../hub/model-cache.ts";
import { formatHubReference, requireHubReference } from "../../hub/reference.ts";
import { requireAction } from "../action-argument.ts";
import { EXIT_CODES, defineCommand } from "../command.ts";
import { CACHE_OPTIONS } from "../options/cache-options.ts";
import { writeJson, writeLine, writeText } from "../terminal.ts";
import type { Terminal } from "../terminal.ts";
import { textTable } from "../text-table.ts";

const MODELS_OPTIONS = {
  json: { type: { kind: "boolean" }, default: false, env: null, help: "Print one JSON array (ls)" },
} as const satisfies OptionTable;

const ACTIONS = ["ls", "rm"] as const;

export const MODELS = defineCommand({
  name: "models",
  summary: "List the pulled models, or remove one",
  details: "rm NAME removes all that was pulled of a repository, rm NAME:QUANT one model of it.",
  arguments: {
    action: { required: true, help: "ls or rm" },
    name: { required: false, help: "For rm: ORG/NAME or ORG/NAME:QUANT" },
  },
  groups: { Output: MODELS_OPTIONS, Cache: CACHE_OPTIONS },
  examples: ["turnwise models ls", "turnwise models rm bartowski/Llama-3.2-1B-Instruct-GGUF:Q8_0"],
  run: async ({ arguments: { action: given, name }, options }, { terminal }) => {
    const folder = cacheDirectory(terminal.env, options.cacheDir);
    const cache = new ModelCache(folder);
    if (requireAction("models", given, ACTIONS) === "ls") await list(cache, options.json, terminal);
    else await remove(cache, name, folder, terminal);
    return EXIT_CODES.ok;
  },
});

async function list(cache: ModelCache, json: boolean, { stdout, stderr }: Terminal): Promise<void> {
  const models = cache.list().map(({ repo, quant, bytes, files, parts }) => ({
    name: `${repo}:${quant}`,
    bytes,
    complete: files.length === parts,
  }));
  const unfinished = cache.unfinished().map(({ repo, bytes }) => ({ name: repo, bytes, complete: false }));
  const rows = [...models, ...unfinished];
  if (json) await writeJson(stdout, rows);
  else if (rows.length === 0) await writeLine(stderr, "no model was pulled yet");
  else {
    const cells = rows.map(({ name, bytes, complete }) => [name, formatBytes(bytes), complete ? "" : "incomplete"]);
    await writeText(stdout, textTable(cells, new Set([1])));
  }
}

async function remove(cache: ModelCache, name: string | null, folder: string, { stderr }: Terminal): Promise<void> {
  if (name === null) return fail("missing_argument", { command: "turnwise models rm", what: "NAME" });
  const reference = requireHubReference(name);
  const bytes = cache.remove(reference);
  if (bytes === 0) fail("model_not_pulled", { name: formatHubReference(reference), folder });
  return writeLine(stderr, `removed ${formatHubReference(reference)}, ${formatBytes(bytes)}`);
}
