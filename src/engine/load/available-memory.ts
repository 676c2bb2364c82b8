/**
 * Bytes that this process may still take: what the machine has free, or what the cgroups around the process
 * leave, whichever is less. Source: proc(5).
 */

import { freemem } from "node:os";
import { readCgroupLimits } from "../../base/cgroup.ts";
import { readTextOrNull } from "../../base/read-text.ts";
import type { ReadText } from "../../base/read-text.ts";

export function availableMemoryBytes(read: ReadText = readTextOrNull): number {
  const free = /^MemAvailable:\s+(\d+) kB$/m.exec(read("/proc/meminfo") ?? "");
  const machineBytes = free === null ? freemem() : Number(free[1]) * 1024;
  return Math.max(0, Math.min(machineBytes, readCgroupLimits(read).memoryRoomBytes));
}
