/**
 * The cores that this process may use, and what follows for its threads. Sources: proc(5) for the affinity
 * mask, which cpusets narrow as well; the kernel's admin-guide/cputopology.rst.
 */

import { availableParallelism } from "node:os";
import { readCgroupLimits } from "./cgroup.ts";
import { readTextOrNull } from "./read-text.ts";
import type { ReadText } from "./read-text.ts";

export interface UsableCores {
  /** Logical CPUs of the affinity mask. */
  readonly cpus: number;
  /** Cores that these CPUs belong to: two hardware threads of a core count once. */
  readonly physicalCores: number;
  /** Whole CPUs' worth of time that the cgroups' quotas leave; Infinity without one. */
  readonly quotaCores: number;
}

/** Where Linux's files are absent, Node's word on the number of CPUs stands for both kinds of core. */
export function readUsableCores(
  read: ReadText = readTextOrNull,
  parallelism: () => number = availableParallelism,
): UsableCores {
  const { quotaCores } = readCgroupLimits(read);
  const cpus = readAllowedCpus(read);
  if (cpus.length === 0) return { cpus: parallelism(), physicalCores: parallelism(), quotaCores };
  return { cpus: cpus.length, physicalCores: new Set(cpus.map((cpu) => readCoreOf(read, cpu))).size, quotaCores };
}

/** CPUs of the affinity mask; none where the system does not say. */
export function readAllowedCpus(read: ReadText): readonly number[] {
  return parseCpuList(/^Cpus_allowed_list:(.*)$/m.exec(read("/proc/self/status") ?? "")?.[1] ?? "");
}

/** "0-2,5" -> [0, 1, 2, 5]; none of what is no such list. */
export function parseCpuList(text: string): readonly number[] {
  const list = text.trim();
  if (!/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(list)) return [];
  return list.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** What is equal for the CPUs of one core; a CPU whose core is not known counts as its own. */
export function readCoreOf(read: ReadText, cpu: number): string {
  const folder = `/sys/devices/system/cpu/cpu${cpu}/topology`;
  const siblings = read(`${folder}/core_cpus_list`) ?? read(`${folder}/thread_siblings_list`);
  return siblings?.trim() ?? String(cpu);
}

/**
 * Threads that a model runs on by default: more than there is CPU time for fight each other, and a second
 * thread on a core gains nothing where memory or the vector units are the limit.
 */
export function defaultThreads({ physicalCores, quotaCores }: UsableCores): number {
  return Math.max(1, Math.min(physicalCores, Math.floor(quotaCores)));
}

/**
 * Whether `threads` threads may spin at a barrier for some microseconds: where they outnumber the CPUs, or a
 * quota is no whole number of them, a spinning thread burns time that a working one needs.
 */
export function maySpin(threads: number, { cpus, quotaCores }: UsableCores): boolean {
  const limit = Math.min(cpus, quotaCores);
  return threads <= limit && Number.isInteger(limit);
}
