/**
 * Who may use the server: the API keys from a file or the environment. Only their SHA-256 is kept,
 * and a key is compared with every one of them in constant time.
 */

import { createHash, timingSafeEqual } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { fail, TurnwiseError } from "../base/errors.ts";

export interface ApiKeys {
  /** False: no key was configured and everyone may call. */
  readonly required: boolean;
  /**
   * Whose request it is: the digest of the key in the Authorization header, or "" where no key is needed.
   * Throws `invalid_api_key` unless the key is a known one.
   */
  identify(authorization: string | undefined): string;
}

/** A key file is small; a large one is a mistake, such as a model's path. */
const MAX_KEY_FILE_BYTES = 1024 * 1024;

/**
 * Keys of `file` (one a line; blank lines and lines that begin with # are skipped) and `single`.
 * Throws `file_unreadable`, or `invalid_option` for a file that holds no key: an empty file must not
 * open the server to everyone.
 */
export function loadApiKeys(file: string | null, single: string | undefined): ApiKeys {
  const keys = file === null ? [] : readKeyFile(file);
  if (single !== undefined && single.trim() !== "") keys.push(single.trim());
  const digests = keys.map(sha256);
  return {
    required: digests.length > 0,
    identify(authorization) {
      if (digests.length === 0) return "";
      const given = sha256(/^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1] ?? "");
      let known = false;
      for (const digest of digests) known = timingSafeEqual(digest, given) || known;
      if (!known) fail("invalid_api_key");
      return given.toString("hex");
    },
  };
}

function readKeyFile(path: string): string[] {
  let text: string;
  try {
    if (statSync(path).size > MAX_KEY_FILE_BYTES) failKeyFile(`${path} is larger than ${MAX_KEY_FILE_BYTES} bytes`);
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof TurnwiseError) throw error;
    fail("file_unreadable", { path, reason: error instanceof Error ? error.message : String(error) });
  }
  const keys = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (keys.length === 0) failKeyFile(`${path} holds no key`);
  const spaced = keys.findIndex((key) => /\s/.test(key));
  if (spaced !== -1) failKeyFile(`key ${spaced + 1} of ${path} contains a space`);
  return keys;
}

function failKeyFile(problem: string): never {
  fail("invalid_option", { option: "--api-key-file", problem: `${problem}.` });
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
