/** Canned answers to cases in the leaderboard's form; each verdict was worked out by hand from its rules. */

import { describe, expect, it } from "vitest";
import type { BfclCase, BfclFunction } from "./bfcl-case.ts";
import { judgeCalls, type Verdict } from "./judge-calls.ts";

const TRIP: BfclFunction = {
  name: "trip.plan",
  description: "Plans a trip",
  parameters: {
    type: "dict",
    properties: {
      city: { type: "string" },
      days: { type: "integer" },
      budget: { type: "float" },
      stops: { type: "array", items: { type: "string" } },
      rooms: { type: "array", items: { type: "dict", properties: { beds: { type: "integer" } } } },
      hotel: { type: "dict", properties: { name: { type: "string" }, stars: { type: "integer" } } },
      by_train: { type: "boolean" },
      meals: { type: "array", items: { type: "string" }, enum: ["lunch", "dinner"] },
    },
    required: ["city", "days"],
  },
};
const CLOCK: BfclFunction = {
  name: "clock",
  description: "The time",
  parameters: { type: "dict", properties: { zone: { type: "string" } }, required: [] },
};

function caseOf(...answers: BfclCase["answers"]): BfclCase {
  return { id: "x", category: "simple", messages: [], functions: [TRIP, CLOCK], answers };
}

const call = (input: unknown, name = "trip_plan"): { name: string; arguments: string } => ({
  name,
  arguments: typeof input === "string" ? input : JSON.stringify(input),
});

const RIGHT: Verdict = { wellFormed: true, rightFunction: true, rightArguments: true };
const WRONG_VALUE: Verdict = { ...RIGHT, rightArguments: false };
const MALFORMED: Verdict = { wellFormed: false, rightFunction: true, rightArguments: false };

const OSLO = { city: ["Oslo, Norway", "Oslo"], days: [3], budget: [100, 99.5, ""], by_train: ["", true] };

describe("judgeCalls", () => {
  it.each<[string, unknown, Verdict]>([
    ["all arguments", { city: "Oslo", days: 3, budget: 99.5, by_train: true }, RIGHT],
    ["without what may be left out", { city: "Oslo", days: 3 }, RIGHT],
    ["another case and punctuation", { city: "oslo norway.", days: 3 }, RIGHT],
    ["an integer for a float", { city: "Oslo", days: 3, budget: 100 }, RIGHT],
    ["another city", { city: "Bergen", days: 3 }, WRONG_VALUE],
    ["another count", { city: "Oslo", days: 4 }, WRONG_VALUE],
    ["a value where only true or nothing is right", { city: "Oslo", days: 3, by_train: false }, WRONG_VALUE],
    ["an argument that no right answer has", { city: "Oslo", days: 3, stops: [] }, WRONG_VALUE],
    ["items that are listed beside them", { city: "Oslo", days: 3, meals: ["lunch"] }, WRONG_VALUE],
    ["an item that is not listed", { city: "Oslo", days: 3, meals: ["lunch", "tea"] }, MALFORMED],
    ["a text for a count", { city: "Oslo", days: "3" }, MALFORMED],
    ["a fraction for a count", { city: "Oslo", days: 3.5 }, MALFORMED],
    ["a required argument missing", { city: "Oslo" }, MALFORMED],
    ["an unknown argument", { city: "Oslo", days: 3, nights: 2 }, MALFORMED],
    ["JSON that is cut", '{"city": "Oslo", "days"', MALFORMED],
    ["no object", "[]", MALFORMED],
  ])("%s", (_, input, verdict) => {
    expect(judgeCalls(caseOf({ "trip.plan": OSLO }), [call(input)])).toEqual(verdict);
  });

  it("compares lists in order, dicts by key, and lists of dicts", () => {
    const right = {
      city: ["Oslo"],
      days: [1],
      stops: [["Hamar", "Lillehammer"]],
      hotel: [{ name: ["Grand Hotel"], stars: [4, ""] }],
      rooms: [[{ beds: [2] }, { beds: [1, ""] }]],
    };
    const given = {
      city: "Oslo",
      days: 1,
      stops: ["hamar", "LILLEHAMMER"],
      hotel: { name: "grand-hotel" },
      rooms: [{ beds: 2 }, {}],
    };
    const judge = (changes: object): boolean =>
      judgeCalls(caseOf({ "trip.plan": right }), [call({ ...given, ...changes })]).rightArguments;
    expect(judge({})).toBe(true);
    expect(judge({ stops: ["Lillehammer", "Hamar"] })).toBe(false);
    expect(judge({ stops: ["Hamar"] })).toBe(false);
    expect(judge({ hotel: { name: "Grand Hotel", stars: 5 } })).toBe(false);
    expect(judge({ hotel: { stars: 4 } })).toBe(false);
    expect(judge({ rooms: [{ beds: 2 }] })).toBe(false);
    expect(judge({ rooms: [{}, { beds: 2 }] })).toBe(false);
  });

  it("takes a right value of another type than described as it is written", () => {
    const variable = caseOf({ "trip.plan": { city: ["Oslo"], days: ["days_left"] } });
    const judge = (days: unknown): boolean => judgeCalls(variable, [call({ city: "Oslo", days })]).rightArguments;
    expect([judge("days_left"), judge("Days_Left"), judge(3)]).toEqual([true, false, false]);
  });

  it("wants each call of several once, in any order", () => {
    const both = caseOf({ clock: { zone: ["UTC"] } }, { clock: { zone: ["CET"] } });
    const utc = call({ zone: "utc" }, "clock");
    const cet = call({ zone: "CET" }, "clock");
    expect(judgeCalls(both, [cet, utc])).toEqual(RIGHT);
    expect(judgeCalls(both, [utc, utc])).toEqual(WRONG_VALUE);
    expect(judgeCalls(both, [utc])).toEqual({ wellFormed: true, rightFunction: false, rightArguments: false });
    expect(judgeCalls(both, [])).toEqual({ wellFormed: false, rightFunction: false, rightArguments: false });
  });

  it("tells another function from one that was not offered", () => {
    const one = caseOf({ "trip.plan": OSLO });
    const wrong = { rightFunction: false, rightArguments: false };
    expect(judgeCalls(one, [call({}, "clock")])).toEqual({ wellFormed: true, ...wrong });
    expect(judgeCalls(one, [call({ city: "Oslo", days: 3 }, "trip.plan")])).toEqual({ wellFormed: false, ...wrong });
  });
});
