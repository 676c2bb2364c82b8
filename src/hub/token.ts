/** The user's token for the hub, from where its own tools keep it. */

import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import type { Environment } from "../base/environment.ts";
import { fail } from "../base/errors.ts";
import { readTextOrNull } from "../base/read-text.ts";

export interface HubToken {
  readonly value: string;
  /** "HF_TOKEN", or the file's path: for messages. */
  readonly origin: string;
}

/**
 * HF_TOKEN, else the file that `hf auth login` writes; null where there is none. Throws `hub_token_invalid`, which does
 * not quote it: what a header may not hold would be printed by whoever sends it.
 */
export function findHubToken(env: Environment): HubToken | null {
  const given = env["HF_TOKEN"]?.trim() ?? "";
  if (given !== "") return checked({ value: given, origin: "HF_TOKEN" });
  const path = tokenPath(env);
  const value = readTextOrNull(path)?.trim() ?? "";
  return value === "" ? null : checked({ value, origin: path });
}

/** RFC 6750, 2.1, and whatever else is printed. */
const PRINTED = /^[\x21-\x7e]+$/;

function checked(token: HubToken): HubToken {
  return PRINTED.test(token.value) ? token : fail("hub_token_invalid", { origin: token.origin });
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
