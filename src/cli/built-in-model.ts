/**
 * The model that runs where none is named: a small Llama of random weights, written into the cache
 * directory at first use. It shows that everything works; its text means nothing, and says so.
 */

import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writableCacheDirectory } from "../base/cache-directory.ts";
import type { Environment } from "../base/environment.ts";
import { writeRandomModel } from "../models/random/random-model.ts";

/** Part of the file's name; a change of what is written needs a new one. */
const REVISION = 1;
const SEED = 1;

/** Its path; written under another name and renamed, so that two first starts at once are safe. */
export function builtInModel(env: Environment, cacheDir: string | null): string {
  const path = join(writableCacheDirectory(env, cacheDir), `turnwise-random-v${REVISION}.gguf`);
  if (existsSync(path)) return path;
  const partial = `${path}.${process.pid}.partial`;
  try {
    writeRandomModel(partial, "tiny", "q8_0", SEED);
    renameSync(partial, path);
  } finally {
    rmSync(partial, { force: true });
  }
  return path;
}
