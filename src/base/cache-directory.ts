/**
 * Where Turnwise keeps files that it can make or fetch again: pulled models, packed weights, a native core
 * built here. The one rule for all of them, on every system; follows the XDG Base Directory Specification.
 */

import { accessSync, constants, mkdirSync, statSync } from "node:fs";
import { homedir, tmpdir, userInfo } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import type { Environment } from "./environment.ts";
import { fail } from "./errors.ts";

/**
 * `named` (what `--cache-dir` or TURNWISE_CACHE_DIR says), else `$XDG_CACHE_HOME/turnwise`, else
 * `~/.cache/turnwise`. Nothing is created.
 */
export function cacheDirectory(env: Environment, named: string | null = null): string {
  if (named !== null) return resolve(named);
  const variable = env["TURNWISE_CACHE_DIR"];
  if (variable !== undefined && variable !== "") return resolve(variable);
  const base = env["XDG_CACHE_HOME"];
  // The specification has relative paths ignored.
  return join(base !== undefined && isAbsolute(base) ? base : join(homedir(), ".cache"), "turnwise");
}

/**
 * The cache directory, created; where it cannot be written and none was named, one of this user's in the
 * system's temporary directory. Throws `file_unwritable`.
 */
export function writableCacheDirectory(env: Environment, named: string | null = null): string {
  const preferred = cacheDirectory(env, named);
  const reason = whyUnwritable(preferred);
  if (reason === null) return preferred;
  const isNamed = named !== null || (env["TURNWISE_CACHE_DIR"] ?? "") !== "";
  const fallback = join(tmpdir(), `turnwise-${userInfo().username}`);
  if (isNamed || whyUnwritable(fallback) !== null || !isOwn(fallback)) {
    fail("file_unwritable", { path: preferred, reason });
  }
  return fallback;
}

function whyUnwritable(path: string): string | null {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    accessSync(path, constants.W_OK);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** In a directory that all users write to, another may have made it first to put files of its own there. */
function isOwn(path: string): boolean {
  const { uid, mode } = statSync(path);
  return process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);
}
