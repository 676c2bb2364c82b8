/** Where Turnwise keeps files that it can make again. */

import { accessSync, constants, mkdirSync } from "node:fs";
import { homedir, tmpdir, userInfo } from "node:os";
import { isAbsolute, join } from "node:path";
import type { Environment } from "../base/option-parse.ts";

/**
 * A directory that exists and can be written: `$XDG_CACHE_HOME/turnwise`, else `~/.cache/turnwise`,
 * else one of this user's in the system's temporary directory.
 */
export function cacheDirectory(env: Environment): string {
  const configured = env["XDG_CACHE_HOME"];
  // The specification has relative paths ignored.
  const base = configured !== undefined && isAbsolute(configured) ? configured : join(homedir(), ".cache");
  const preferred = join(base, "turnwise");
  if (isWritable(preferred)) return preferred;
  const fallback = join(tmpdir(), `turnwise-${userInfo().username}`);
  mkdirSync(fallback, { recursive: true, mode: 0o700 });
  return fallback;
}

function isWritable(path: string): boolean {
  try {
    mkdirSync(path, { recursive: true });
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
