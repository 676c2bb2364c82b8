/** A disk that is soon full. */

import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";

/** A file system of so many bytes ("128k") at `path`, where this user may mount one. */
export function mountSmallDisk(path: string, size: string): boolean {
  mkdirSync(path, { recursive: true });
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

export const unmountDisk = (path: string): void => void execFileSync("umount", [path]);
