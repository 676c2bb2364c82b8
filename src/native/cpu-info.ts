/** The CPU by name and features, with or without the native core. Cores and threads: `base/usable-cores.ts`. */

import { cpus } from "node:os";

import type { CpuInfo } from "./addon-types.ts";
import { loadAddon } from "./load-addon.ts";

/** Asks the native core; without one, what Node knows. */
export function readCpuInfo(): CpuInfo {
  const { addon } = loadAddon();
  if (addon !== null) return addon.cpuInfo();
  return { architecture: process.arch, model: cpus()[0]?.model ?? "", features: [], isaLevels: [] };
}
