/** How many threads compute, and on which NUMA nodes, from what `--threads` says and what the machine is. */

import { fail } from "./errors.ts";
import { readNumaNodes, type NumaNode } from "./numa-nodes.ts";
import { defaultThreads, readUsableCores, type UsableCores } from "./usable-cores.ts";

export type ThreadWord = (typeof THREAD_WORDS)[number];

/** A number of threads; `auto`: as many as there are cores; `node`: the cores of one NUMA node, on its memory. */
export const THREAD_WORDS = ["auto", "node"] as const;

export interface ThreadPlacement {
  readonly threads: number;
  /** Each gets an equal part of the threads and the weights that they read. None: the system places both. */
  readonly nodes: readonly NumaNode[];
}

interface Machine {
  readonly cores: UsableCores;
  readonly nodes: readonly NumaNode[];
}

/** Throws `invalid_option` for `node` where the system names none. */
export function placeThreads(choice: number | ThreadWord, machine: Machine = readMachine()): ThreadPlacement {
  const { cores, nodes } = machine;
  if (choice === "node") return oneNode(machine);
  const threads = choice === "auto" ? defaultThreads(cores) : choice;
  return { threads, nodes: nodes.length > 1 && canShare(threads, nodes) ? nodes : [] };
}

const readMachine = (): Machine => ({ cores: readUsableCores(), nodes: readNumaNodes() });

/** The node with most cores, the first of equals: an affinity mask chooses another. */
function oneNode({ cores, nodes }: Machine): ThreadPlacement {
  const [node] = nodes.toSorted((a, b) => b.physicalCores - a.physicalCores);
  if (node === undefined) {
    return fail("invalid_option", { option: "threads", problem: "this system names no NUMA nodes; give a number." });
  }
  const threads = defaultThreads({ ...cores, physicalCores: node.physicalCores });
  return { threads, nodes: nodes.length > 1 ? [node] : [] };
}

/** Whether an equal part of the threads fits each node's CPUs: an affinity mask may leave few of one. */
function canShare(threads: number, nodes: readonly NumaNode[]): boolean {
  return threads >= nodes.length && nodes.every(({ cpus }) => cpus.length >= Math.ceil(threads / nodes.length));
}
