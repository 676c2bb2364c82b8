/** Bytes of the machine's last-level caches together, from Linux's sysfs (Documentation/ABI/stable/sysfs-devices-system-cpu). */

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** 0 where the system does not say. */
export function lastLevelCacheBytes(root = "/sys/devices/system/cpu"): number {
  const caches = new Map<string, number>();
  for (const cpu of namesIn(root).filter((name) => /^cpu\d+$/.test(name))) {
    const folder = join(root, cpu, "cache");
    const deepest = namesIn(folder)
      .filter((name) => /^index\d+$/.test(name))
      .toSorted()
      .at(-1);
    if (deepest === undefined) continue;
    const size = /^(\d+)K$/.exec(textOf(join(folder, deepest, "size")));
    // Processors that share a cache name the same list.
    if (size !== null) caches.set(textOf(join(folder, deepest, "shared_cpu_list")), Number(size[1]) * 1024);
  }
  return [...caches.values()].reduce((sum, bytes) => sum + bytes, 0);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}
