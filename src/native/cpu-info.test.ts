import { describe, expect, it } from "vitest";

import { defaultThreads } from "./cpu-info.ts";

const INFO = { architecture: "x64", model: "", features: [], isaLevels: ["scalar"] };

describe("defaultThreads", () => {
  it.each([
    [8, 4, 4],
    [2, 4, 2],
    [1, 1, 1],
    [0, 0, 1],
  ])("%d usable cores, %d physical: %d threads", (usableCores, physicalCores, threads) => {
    expect(defaultThreads({ ...INFO, usableCores, physicalCores })).toBe(threads);
  });
});
