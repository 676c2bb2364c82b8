/** A disk that is soon full. */

import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";

/** A file system of so many bytes ("128k") at `path`; null where this user may mount none. */
export function mountSmallDisk(path: string, size: string): { unmount(): void } | null {
  mkdirSync(path, { recursive: true });
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path], { stdio: "ignore" });
  } catch {
    return null;
  }
  return { unmount: () => void execFileSync("umount", [path]) };
}
