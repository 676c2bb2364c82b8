/** Files that the system makes up (proc, sysfs, cgroups); tests put a tree of fixtures in their place. */

import { readFileSync } from "node:fs";

/** A file's text, or null where it cannot be read. */
export type ReadText = (path: string) => string | null;

export const readTextOrNull: ReadText = (path) => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
};
