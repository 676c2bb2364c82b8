/** The user's token for the hub, from where its own tools keep it. */

import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import type { Environment } from "../base/environment.ts";

export interface HubToken {
  readonly value: string;
  /** "HF_TOKEN", or the file's path: for messages. */
  readonly origin: string;
}

/** HF_TOKEN, else the file that `hf auth login` writes; null where there is none. */
export function findHubToken(env: Environment): HubToken | null {
  const given = env["HF_TOKEN"]?.trim() ?? "";
  if (given !== "") return { value: given, origin: "HF_TOKEN" };
  const path = tokenPath(env);
  try {
    const value = readFileSync(path, "utf8").trim();
    return value === "" ? null : { value, origin: path };
  } catch {
    return null;
  }
}

function tokenPath(env: Environment): string {
  const named = env["HF_TOKEN_PATH"] ?? "";
  if (named !== "") return named;
  const home = env["HF_HOME"] ?? "";
  if (home !== "") return join(home, "token");
  const cache = env["XDG_CACHE_HOME"];
  const base = cache !== undefined && isAbsolute(cache) ? cache : join(homedir(), ".cache");
  return join(base, "huggingface", "token");
}
