/** What a user is told where the system does not place threads or memory on NUMA nodes: answers stay the same, slower. */

import type { ExecutorHandle } from "./addon-types.ts";

/** Also of `turnwise doctor`. */
export const MBIND_REFUSED =
  "the system refuses to place memory on NUMA nodes (mbind); in a container, --cap-add SYS_NICE allows it";

/** Null where nothing was refused. */
export function describeRefusedPlacement({
  refusedThreads,
  refusedRanges,
}: Pick<ExecutorHandle, "refusedThreads" | "refusedRanges">): string | null {
  const reasons = [
    ...(refusedThreads === 0
      ? []
      : [`the system does not keep ${refusedThreads} of the threads on their NUMA nodes (sched_setaffinity)`]),
    ...(refusedRanges === 0 ? [] : [MBIND_REFUSED]),
  ];
  return reasons.length === 0 ? null : `Threads may read weights from far memory: ${reasons.join(", and ")}.`;
}
