/** Slices that a thread asks for are those that the system says it has. */

import { afterEach, describe, expect, it } from "vitest";
import { NATIVE_MISSING, nativeAddon } from "../support/native-addon.ts";

const SHORT_NS = 100_000;

/** Linux from 6.12 on lets threads choose; what else runs as Linux may say so and not let them. */
const CAN_CHOOSE = nativeAddon !== null && nativeAddon.threadSlice() > 0;

describe.skipIf(NATIVE_MISSING || !CAN_CHOOSE)("slices of a thread", () => {
  afterEach(() => void nativeAddon?.setThreadSlice(0));

  it("are as short as asked for, and the system's own again", () => {
    const before = nativeAddon?.threadSlice();
    expect(before).toBeGreaterThan(SHORT_NS);
    expect(nativeAddon?.setThreadSlice(SHORT_NS)).toBe(true);
    expect(nativeAddon?.threadSlice()).toBe(SHORT_NS);
    expect(nativeAddon?.setThreadSlice(0)).toBe(true);
    expect(nativeAddon?.threadSlice()).toBe(before);
  });
});

it.skipIf(NATIVE_MISSING).each([-1, 1.5, 2 ** 31, null])("a slice of %s is none", (nanoseconds) => {
  expect(() => nativeAddon?.setThreadSlice(nanoseconds as number)).toThrow("nanoseconds must be an integer");
});
