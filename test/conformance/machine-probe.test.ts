/** The probes of `turnwise bench`: every level of kernels has a loop to be held against. */

import { describe, expect, it } from "vitest";
import { createMachineProbe } from "../../src/native/machine-probe.ts";
import { NATIVE_ISA_LEVELS, NATIVE_MISSING, nativeAddon } from "../support/native-addon.ts";

const BYTES = 8 * 2 ** 20;

const create = (options: unknown) => () => nativeAddon && new nativeAddon.MachineProbe(options as never);

describe.skipIf(NATIVE_MISSING)("machine probe", () => {
  it.each(NATIVE_ISA_LEVELS)("measures %s on one thread and on two", (isa) => {
    for (const threads of [1, 2]) {
      const probe = createMachineProbe({ isa, threads, bytes: BYTES });
      // No machine is below a thousandth of what the slowest of today's give, nor above a thousand times.
      expect(probe.readBandwidth()).toBeGreaterThan(1e6);
      expect(probe.readBandwidth()).toBeLessThan(1e14);
      expect(probe.int8Rate()).toBeGreaterThan(1e6);
      expect(probe.int8Rate()).toBeLessThan(1e16);
      probe.dispose();
      expect(() => probe.int8Rate()).toThrow(expect.objectContaining({ code: "native_disposed" }));
    }
  });

  it("refuses what is no probe", () => {
    expect(create({ isa: "none", threads: 1, bytes: BYTES })).toThrow("isa none is not available here");
    expect(create({ isa: "scalar", threads: 0, bytes: BYTES })).toThrow("threads");
    expect(create({ isa: "scalar", threads: 1, bytes: -1 })).toThrow("bytes");
    expect(create({ isa: "scalar", threads: 1, bytes: 2 ** 50 })).toThrow("bytes");
    expect(create(null)).toThrow("options");
  });
});
