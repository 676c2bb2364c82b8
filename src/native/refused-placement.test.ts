import { expect, it } from "vitest";
import { describeRefusedPlacement } from "./refused-placement.ts";

it("says what was refused and what allows it, or nothing", () => {
  expect(describeRefusedPlacement({ refusedThreads: 0, refusedRanges: 0 })).toBeNull();
  expect(describeRefusedPlacement({ refusedThreads: 0, refusedRanges: 96 })).toBe(
    "Threads may read weights from far memory: the system refuses to place memory on NUMA nodes (mbind); " +
      "in a container, --cap-add SYS_NICE allows it.",
  );
  const threads = describeRefusedPlacement({ refusedThreads: 3, refusedRanges: 0 });
  expect(threads).toMatch(/does not keep 3 of the threads on their NUMA nodes \(sched_setaffinity\)\.$/);
  expect(describeRefusedPlacement({ refusedThreads: 3, refusedRanges: 1 })).toMatch(/sched_setaffinity.*, and .*mbind/);
});
