/**
 * The MODEL argument as a path: a file or directory that must exist, a pulled model by its name, one to be pulled now
 * where the name begins with hf:, or the built-in model where the argument is absent.
 */

import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { cacheDirectory } from "../base/cache-directory.ts";
import { fail } from "../base/errors.ts";
import { ModelCache } from "../hub/model-cache.ts";
import type { HubReference } from "../hub/reference.ts";
import { hasHubScheme, parseHubReference, requireHubReference } from "../hub/reference.ts";
import { isModelDirectory } from "../models/is-model-directory.ts";
import { BUILT_IN_MODEL } from "./built-in-model.ts";
import type { CommandContext } from "./command.ts";
import { requireFile } from "./require-file.ts";

const MODEL_HELP =
  "A GGUF file (of a split one the first part), a Hugging Face directory, hf:ORG/NAME[:QUANT][@REVISION], or a pulled model's name";

export const MODEL_ARGUMENT = { required: false, help: `${MODEL_HELP}; by default the built-in model` } as const;
export const REQUIRED_MODEL_ARGUMENT = { required: true, help: MODEL_HELP } as const;

/**
 * The model's path; `cacheDir` is what `--cache-dir` says. Throws early, before anything slow starts:
 * `file_unreadable`, `model_name_invalid`, `quant_unavailable`, and what a pull throws.
 */
export async function resolveModel(
  given: string | null,
  cacheDir: string | null,
  context: CommandContext,
): Promise<string> {
  if (given === null) return BUILT_IN_MODEL;
  const cache = new ModelCache(cacheDirectory(context.terminal.env, cacheDir));
  if (hasHubScheme(given)) {
    const reference = requireHubReference(given);
    return cache.find(reference) ?? (await pulledNow(reference, cacheDir, context));
  }
  // A path may look like a name; what lies there is meant then.
  const reference = statSync(given, { throwIfNoEntry: false }) === undefined ? parseHubReference(given) : null;
  const pulled = reference === null ? null : cache.find(reference);
  if (pulled !== null) return pulled;
  if (reference !== null) cache.requireNoOther(reference);
  if (reference !== null && !given.endsWith(".gguf")) {
    const reason = `there is no such file or folder, nor was such a model pulled; hf:${given} is one to fetch`;
    fail("file_unreadable", { path: given, reason });
  }
  requireModel(given);
  return given;
}

/** Loads what fetches models only here: most starts name a file. */
async function pulledNow(reference: HubReference, cacheDir: string | null, context: CommandContext): Promise<string> {
  const { pullInTerminal } = await import("./pull-in-terminal.ts");
  return pullInTerminal(reference, cacheDir, context);
}

/** Throws `file_unreadable` unless `path` is a file, or a directory with a config.json. */
function requireModel(path: string): void {
  if (!isModelDirectory(path)) requireFile(path);
  else if (!existsSync(join(path, "config.json"))) {
    fail("file_unreadable", { path, reason: "it is a directory without config.json, so no Hugging Face model" });
  }
}
