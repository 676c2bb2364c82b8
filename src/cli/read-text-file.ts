/** A file's text. */

import { readFileSync } from "node:fs";
import { fail } from "../base/errors.ts";
import { requireFile } from "./require-file.ts";
import { decodeUtf8 } from "./terminal.ts";

/** Throws `file_unreadable` and `input_not_utf8`. */
export function readTextFile(path: string): string {
  requireFile(path);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    return fail("file_unreadable", { path, reason: error instanceof Error ? error.message : String(error) });
  }
  return decodeUtf8(path, bytes);
}
