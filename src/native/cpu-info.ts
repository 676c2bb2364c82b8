/** What this process may use of the machine, with or without the native core. */

import { availableParallelism, cpus } from "node:os";

import type { CpuInfo } from "./addon-types.ts";
import { loadAddon } from "./load-addon.ts";

/** Asks the native core; without one, what Node knows (affinity, no quota, no features). */
export function readCpuInfo(): CpuInfo {
  const { addon } = loadAddon();
  if (addon !== null) return addon.cpuInfo();
  const cores = availableParallelism();
  const model = cpus()[0]?.model ?? "";
  return { architecture: process.arch, model, features: [], isaLevels: [], usableCores: cores, physicalCores: cores };
}

/**
 * Threads that a model runs on by default: more than the usable cores fight each other, and a second
 * thread on a core gains nothing where memory or the vector units are the limit.
 */
export function defaultThreads(info: CpuInfo): number {
  return Math.max(1, Math.min(info.usableCores, info.physicalCores));
}
