/**
 * What the barriers between a step's stages would take at least, by a model of the native pool's counters
 * (native/runtime/thread_pool.cc): every thread adds one to its group's counter, the last of each group one to the root's,
 * and a cache line takes one add after the other. The stages' own work, spinning and waking are left out.
 */

import { scheduleKernels } from "../compile/kernel-calls.ts";
import { runPasses } from "../compile/passes.ts";
import { packedFormat, type ProjectedModel } from "./projected-type.ts";

/** `kThreads` of native/runtime/thread_groups.h: threads that share a counter, at most. */
export const GROUP_THREADS = 8;

/**
 * Assumed, not measured: an add to a line that another core wrote last. Of one socket's mesh it takes some tens of
 * nanoseconds; between sockets twice as long and more.
 */
export const ADD_SECONDS = 50e-9;

export interface BarrierCost {
  readonly stages: number;
  /** Of each barrier: adds that wait for each other on the way of the last thread. */
  readonly adds: number;
  readonly secondsPerStep: number;
  /** The same where all threads met at one counter. */
  readonly ungroupedSecondsPerStep: number;
}

/** One NUMA node is assumed. */
export function barrierCost(model: ProjectedModel, threads: number): BarrierCost {
  const stages = stageCount(model);
  const groups = Math.ceil(threads / GROUP_THREADS);
  const adds = threads === 1 ? 0 : Math.ceil(threads / groups) + groups;
  return {
    stages,
    adds,
    secondsPerStep: stages * adds * ADD_SECONDS,
    ungroupedSecondsPerStep: threads === 1 ? 0 : stages * threads * ADD_SECONDS,
  };
}

/** Of the compiled program, whatever a step's tokens are. */
export function stageCount({ graph, typeOf }: ProjectedModel): number {
  const passes = runPasses(graph, { formatOf: (ref) => packedFormat(typeOf(ref)), storedOrderOf: () => null });
  const { calls } = scheduleKernels(passes.at(-1)?.graph ?? graph);
  return 1 + Math.max(...calls.map(({ stage }) => stage));
}
