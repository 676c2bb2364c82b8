/** Writes a text to a file that the user named. */

import { writeFileSync } from "node:fs";
import { fail } from "../base/errors.ts";
import { systemReason } from "../formats/file-source.ts";

/** Throws `file_unwritable`. */
export function writeTextFile(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    fail("file_unwritable", { path, reason: systemReason(error) });
  }
}
