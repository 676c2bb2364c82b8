import { describe, expect, it, test } from "vitest";
import { SUITES, contextOf, parseBenchCase, parseBenchCases } from "./bench-case.ts";
import { casePageCount, casePages } from "./case-pages.ts";
import { passSizes } from "./pass-sizes.ts";

const caseOf = (name: string): ReturnType<typeof parseBenchCase> => parseBenchCase("--cases", name);

describe("a case's name", () => {
  it.each([
    ["prefill-512", { kind: "prefill", sequences: 1, tokens: 512, depth: 0, shared: false }],
    ["prefill-64@4096", { kind: "prefill", sequences: 1, tokens: 64, depth: 4096, shared: false }],
    ["decode", { kind: "decode", sequences: 1, tokens: 32, depth: 0, shared: false }],
    ["decode@8192", { kind: "decode", sequences: 1, tokens: 32, depth: 8192, shared: false }],
    ["decode-x16@128", { kind: "decode", sequences: 16, tokens: 32, depth: 128, shared: false }],
    ["forks-x4@100", { kind: "decode", sequences: 4, tokens: 32, depth: 100, shared: true }],
  ])("%s says what is measured", (name, fields) => {
    expect(caseOf(name)).toEqual({ name, ...fields });
  });

  it.each(["", "prefil-512", "prefill-0", "prefill-512@", "decode-x", "decode-x0", "forks-x4", "decode@99999999"])(
    "%j is refused",
    (name) => {
      expect(() => caseOf(name)).toThrow(expect.objectContaining({ code: "invalid_option" }));
    },
  );

  it("has no more sequences than an engine takes, which the refusal says", () => {
    expect(caseOf("decode-x1024").sequences).toBe(1024);
    for (const name of ["decode-x1025", "forks-x2000@64"]) expect(() => caseOf(name)).toThrow(/1 to 1024 sequences/);
  });

  it("is taken once from a list, and all suites are lists of cases", () => {
    const names = parseBenchCases("--cases", "decode, decode-x2,decode").map(({ name }) => name);
    expect(names).toEqual(["decode", "decode-x2"]);
    for (const suite of Object.values(SUITES))
      expect(parseBenchCases("--suite", suite.join(","))).toHaveLength(suite.length);
  });
});

describe("pages of a case", () => {
  it.each([
    [
      "decode-x3@40",
      [
        [0, 1, 2],
        [3, 4, 5],
        [6, 7, 8],
      ],
    ],
    // Page 1 is full up to position 31 alone, so only page 0 is shared.
    [
      "forks-x3@40",
      [
        [0, 1, 2],
        [0, 3, 4],
        [0, 5, 6],
      ],
    ],
    ["prefill-65@31", [[0, 1, 2]]],
  ])("%s", (name, pages) => {
    const benchCase = caseOf(name);
    expect(casePages(benchCase, 32).map((table) => [...table])).toEqual(pages);
    expect(casePageCount(benchCase, 32)).toBe(new Set(pages.flat()).size);
    expect(contextOf(benchCase)).toBeLessThanOrEqual((pages[0]?.length ?? 0) * 32);
  });
});

describe("sizes of a pass", () => {
  it("cut a prompt into steps; each row attends what is before it and itself", () => {
    // Rows 10..12 attend 11, 12 and 13 positions; row 13 attends 14.
    expect(passSizes(caseOf("prefill-4@10"), 3, 32)).toEqual([
      { tokens: 3, logitRows: 0, attendedPositions: 11 + 12 + 13, readPositions: 13 },
      { tokens: 1, logitRows: 1, attendedPositions: 14, readPositions: 14 },
    ]);
  });

  test("forks attend all positions but read shared ones once", () => {
    const [first] = passSizes(caseOf("forks-x3@40"), 512, 32);
    expect(first).toEqual({ tokens: 3, logitRows: 3, attendedPositions: 3 * 41, readPositions: 32 + 3 * 9 });
    const [apart] = passSizes(caseOf("decode-x3@40"), 512, 32);
    expect(apart).toMatchObject({ readPositions: 3 * 41 });
  });
});
