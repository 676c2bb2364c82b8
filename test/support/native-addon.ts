/** The native core for tests that need it; they are skipped, saying so, where it was not built. */

import { loadAddon } from "../../src/native/load-addon.ts";

const { addon, tried } = loadAddon();

export const nativeAddon = addon;

/** Skips a suite without a native core: `describe.skipIf(NATIVE_MISSING)`. */
export const NATIVE_MISSING = addon === null;

export const NATIVE_ISA_LEVELS: readonly string[] = addon?.cpuInfo().isaLevels ?? [];

if (NATIVE_MISSING) {
  const reasons = tried.map(({ candidate, reason }) => `${candidate}: ${reason}`).join("; ");
  console.warn(`native core absent, its conformance tests are skipped (${reasons})`);
}
