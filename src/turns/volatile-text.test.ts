import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { divergence, isVolatileAt } from "./volatile-text.ts";

const isVolatile = (left: string, right: string): boolean => isVolatileAt(left, right, divergence(left, right));

/** Two values of one kind, unlike each other. */
const pairOf = (value: fc.Arbitrary<string>): fc.Arbitrary<[string, string]> =>
  fc.tuple(value, value).filter(([left, right]) => left !== right);

const date = fc.date({ min: new Date("2001-01-01"), max: new Date("2099-12-31"), noInvalidDate: true });
const VOLATILE: Readonly<Record<string, fc.Arbitrary<string>>> = {
  "ISO times": date.map((at) => at.toISOString()),
  "ISO days": date.map((at) => at.toISOString().slice(0, 10)),
  "days in words": date.map((at) =>
    at.toLocaleDateString("en-GB", { day: "2-digit", month: "short", year: "numeric", timeZone: "UTC" }),
  ),
  "clock times": date.map((at) => at.toISOString().slice(11, 19)),
  UUIDs: fc.uuid(),
  "seconds since 1970": fc.integer({ min: 1_000_000_000, max: 1_999_999_999 }).map(String),
  digests: fc.uuid().map((id) => id.replaceAll("-", "")),
  "labelled nonces": fc.uuid().map((id) => `cch=${id.slice(0, 5)}`),
};

describe("isVolatileAt", () => {
  it.each(Object.entries(VOLATILE))("knows %s wherever they stand", (_, value) => {
    fc.assert(
      fc.property(pairOf(value), fc.lorem(), fc.lorem(), ([left, right], before, after) => {
        expect(isVolatile(`${before} ${left} ${after}`, `${before} ${right} ${after}`)).toBe(true);
      }),
    );
  });

  it("takes no words for it", () => {
    fc.assert(
      fc.property(pairOf(fc.lorem({ mode: "words", maxCount: 6 })), fc.lorem(), ([left, right], before) => {
        expect(isVolatile(`${before} ${left}`, `${before} ${right}`)).toBe(false);
      }),
    );
  });

  it.each([
    ["You have 3 tools.", "You have 4 tools."],
    ["Today is 2026-11-27. Be short.", "Today is 2026-11-27. Be long."],
    ["Answer in English.", "Answer in French."],
    ["def f(x): return x + 12", "def f(x): return x + 13"],
  ])("does not call %j volatile where it becomes %j", (left, right) => {
    expect(isVolatile(left, right)).toBe(false);
  });
});
