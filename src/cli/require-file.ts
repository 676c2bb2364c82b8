/** Whether a path that a user gave is a file. */

import { statSync } from "node:fs";
import { fail } from "../base/errors.ts";

/** Throws `file_unreadable` unless `path` is a file. */
export function requireFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) fail("file_unreadable", { path, reason: "there is no such file or folder" });
  if (found.isDirectory()) fail("file_unreadable", { path, reason: "it is a directory" });
}
