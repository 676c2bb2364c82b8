/**
 * The NUMA nodes that this process computes on: CPUs with memory that is nearer to them than the rest. Source: Linux's
 * Documentation/ABI/stable/sysfs-devices-node.
 */

import { parseCpuList, readAllowedCpus, readCoreOf } from "./usable-cores.ts";
import { NATIVE_LIMITS } from "./native-limits.ts";
import { readTextOrNull } from "./read-text.ts";
import type { ReadText } from "./read-text.ts";

export interface NumaNode {
  /** The system's number. */
  readonly node: number;
  /** Those of its CPUs that this process may use. */
  readonly cpus: readonly number[];
  /** Cores that these CPUs belong to. */
  readonly physicalCores: number;
}

const FOLDER = "/sys/devices/system/node";

/** Nodes of which this process may use CPUs, by number; none where the system does not say, or numbers them too high. */
export function readNumaNodes(read: ReadText = readTextOrNull): readonly NumaNode[] {
  const nodes = listNodes(read);
  const fits = nodes.every(
    ({ node, cpus }) => node < NATIVE_LIMITS.numaNodes && cpus.every((cpu) => cpu < NATIVE_LIMITS.cpus),
  );
  return fits ? nodes : [];
}

function listNodes(read: ReadText): readonly NumaNode[] {
  const allowed = new Set(readAllowedCpus(read));
  return parseCpuList(read(`${FOLDER}/online`) ?? "").flatMap((node) => {
    const cpus = parseCpuList(read(`${FOLDER}/node${node}/cpulist`) ?? "").filter((cpu) => allowed.has(cpu));
    // Some nodes have memory alone.
    if (cpus.length === 0) return [];
    return [{ node, cpus, physicalCores: new Set(cpus.map((cpu) => readCoreOf(read, cpu))).size }];
  });
}
