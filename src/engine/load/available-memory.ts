/**
 * Bytes that this process may still take: what the machine has free, and what each cgroup around the
 * process leaves, whichever is least. Sources: proc(5); the kernel's cgroup-v2.rst ("Memory Interface
 * Files") and cgroup-v1/memory.rst.
 */

import { readFileSync } from "node:fs";
import { freemem } from "node:os";

/** A file's text, or null where it cannot be read. */
export type ReadText = (path: string) => string | null;

export function availableMemoryBytes(read: ReadText = readOrNull): number {
  const machine = meminfoAvailable(read("/proc/meminfo")) ?? freemem();
  return Math.max(0, Math.min(machine, ...cgroupRooms(read)));
}

function meminfoAvailable(text: string | null): number | null {
  const match = /^MemAvailable:\s+(\d+) kB$/m.exec(text ?? "");
  return match === null ? null : Number(match[1]) * 1024;
}

/** What each memory cgroup from the process's own up to the root leaves. */
function cgroupRooms(read: ReadText): number[] {
  const rooms: number[] = [];
  for (const line of (read("/proc/self/cgroup") ?? "").split("\n")) {
    const [hierarchy, controllers, ...rest] = line.split(":");
    const own = rest.join(":");
    if (hierarchy === "0" && controllers === "") {
      for (const path of ancestors(own)) rooms.push(roomOf(read, `/sys/fs/cgroup${path}`, V2_FILES));
    } else if (controllers?.split(",").includes("memory") === true) {
      for (const path of ancestors(own)) rooms.push(roomOf(read, `/sys/fs/cgroup/memory${path}`, V1_FILES));
    }
  }
  return rooms.filter((room) => Number.isFinite(room));
}

/** "/a/b" -> ["/a/b", "/a", ""]: a limit may stand on any of them. */
function ancestors(path: string): string[] {
  const parts = path.split("/").filter((part) => part !== "");
  return Array.from({ length: parts.length + 1 }, (_, dropped) =>
    parts
      .slice(0, parts.length - dropped)
      .map((part) => `/${part}`)
      .join(""),
  );
}

interface MemoryFiles {
  readonly limit: string;
  readonly usage: string;
  /** Key in memory.stat of page cache that gives way when memory is needed. */
  readonly reclaimable: string;
}

const V2_FILES: MemoryFiles = { limit: "memory.max", usage: "memory.current", reclaimable: "inactive_file" };
const V1_FILES: MemoryFiles = {
  limit: "memory.limit_in_bytes",
  usage: "memory.usage_in_bytes",
  reclaimable: "total_inactive_file",
};

function roomOf(read: ReadText, folder: string, files: MemoryFiles): number {
  const limit = toNumber(read(`${folder}/${files.limit}`));
  const usage = toNumber(read(`${folder}/${files.usage}`));
  if (limit === null || usage === null) return Infinity;
  const stat = new RegExp(`^${files.reclaimable} (\\d+)$`, "m").exec(read(`${folder}/memory.stat`) ?? "");
  return limit - usage + Number(stat?.[1] ?? 0);
}

/** "max" and what is absent give null. */
function toNumber(text: string | null): number | null {
  const trimmed = text?.trim() ?? "";
  return /^\d+$/.test(trimmed) ? Number(trimmed) : null;
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
