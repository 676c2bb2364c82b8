/** What TypeScript and the native core both write down: weight formats and limits. */

import { describe, expect, it } from "vitest";

import { NATIVE_LIMITS } from "../../src/base/native-limits.ts";
import { WEIGHT_FORMATS } from "../../src/base/weight-formats.ts";
import { requireAddon } from "../../src/native/load-addon.ts";
import { NATIVE_MISSING } from "../support/native-addon.ts";

describe.skipIf(NATIVE_MISSING)("the tables of both halves", () => {
  it("have the same weight formats in the same order", () => {
    const rows = Object.entries(WEIGHT_FORMATS).map(([name, info]) => ({ name, ...info }));
    expect(requireAddon().weightFormats).toEqual(rows);
  });

  it("have the same limits", () => {
    expect(requireAddon().limits).toEqual(NATIVE_LIMITS);
  });
});
