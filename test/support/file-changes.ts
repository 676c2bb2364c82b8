/** What can become of a file while it is open, for whoever must notice it. */

import { appendFileSync, renameSync, utimesSync, writeFileSync } from "node:fs";

/** Writes a small file of a fixed time. */
export function writeTimedFile(path: string): void {
  writeFileSync(path, "abc");
  utimesSync(path, 100, 100.25);
}

/** Changes of a file that `writeTimedFile` wrote. */
export const FILE_CHANGES: readonly (readonly [name: string, change: (path: string) => void])[] = [
  ["is renamed", (path) => renameSync(path, `${path}.old`)],
  ["was written to at another time", (path) => utimesSync(path, 100, 100.5)],
  [
    "has another size",
    (path) => {
      appendFileSync(path, "d");
      utimesSync(path, 100, 100.25);
    },
  ],
  [
    "gives way to another of its size and time",
    (path) => {
      writeTimedFile(`${path}.new`);
      renameSync(`${path}.new`, path);
    },
  ],
];
