import { describe, expect, it } from "vitest";
import { loadFigure, type LoadSample, memoryFigure, memoryLines, pauseRows } from "./pauses-report.ts";

const SCRAPED = {
  pause: { p50Ms: 0.1, p99Ms: 2, longestMs: 8.5 },
  weightBytes: 700e6,
  areWeightsAnonymous: false,
  kvPoolBytes: 1000e6,
  kvHeldBytes: 100e6,
};

function sample(fields: Partial<LoadSample>): LoadSample {
  return { name: "a load", isBaseline: false, scraped: SCRAPED, anonymousBytes: 450e6, requests: [], ...fields };
}

const pausedFor = (longestMs: number) => ({ ...SCRAPED, pause: { ...SCRAPED.pause, longestMs } });
const answered = (ms: number, promptTokens: number) => ({ ms, isRefused: false, promptTokens });

describe("loadFigure", () => {
  it("holds the longest pause against the aim, with the millisecond that it may be longer", () => {
    expect(loadFigure(sample({})).isWithinAim).toBe(true);
    expect(loadFigure(sample({ scraped: pausedFor(9.2) })).isWithinAim).toBe(false);
    expect(loadFigure(sample({ scraped: pausedFor(9.2), isBaseline: true })).isWithinAim).toBeNull();
  });

  it("tells how requests were answered", () => {
    const requests = [answered(30, 900), { ms: 10, isRefused: true, promptTokens: 0 }, answered(50, 1000)];
    expect(loadFigure(sample({ requests }))).toMatchObject({
      requests: 3,
      refused: 1,
      promptTokens: 1000,
      answerMs: { median: 30, min: 10, max: 50 },
    });
    expect(loadFigure(sample({}))).toMatchObject({ requests: 0, promptTokens: 0, answerMs: null });
  });
});

describe("memoryFigure", () => {
  it("takes mapped weights for no anonymous memory, and pages only as far as they were held", () => {
    const later = sample({ anonymousBytes: 600e6, scraped: { ...SCRAPED, kvHeldBytes: 300e6 } });
    expect(memoryFigure(80e6, [sample({}), later], later.scraped)).toEqual({
      weightBytes: 700e6,
      anonymousWeightBytes: 0,
      kvPoolBytes: 1000e6,
      kvHeldBytes: 300e6,
      anonymousBytes: 600e6,
      loadingBytes: 80e6,
      restBytes: 350e6,
      isWithinAim: true,
    });
  });

  it("takes anonymous weights off, also of what was there while they were loaded", () => {
    const scraped = { ...SCRAPED, areWeightsAnonymous: true };
    const found = memoryFigure(1200e6, [sample({ scraped, anonymousBytes: 1000e6 })], scraped);
    expect(found).toMatchObject({ anonymousWeightBytes: 700e6, restBytes: 500e6, isWithinAim: false });
  });

  it("knows nothing where the system does not tell", () => {
    const found = memoryFigure(null, [sample({ anonymousBytes: null })], SCRAPED);
    expect(found).toMatchObject({ anonymousBytes: null, restBytes: null, isWithinAim: null });
  });
});

it("is printed with what is above its aim", () => {
  const samples = [
    sample({ name: "idle", isBaseline: true, scraped: pausedFor(12) }),
    sample({ name: "tools", scraped: pausedFor(12), requests: [answered(40, 500)] }),
  ];
  const report = {
    turnwise: "1",
    node: "v1",
    startedAt: "",
    cpu: "",
    model: "m",
    threads: 2,
    contextTokens: 8192,
    streams: 4,
    aims: { pauseMs: 10, restBytes: 400e6 },
    loads: samples.map(loadFigure),
    memory: memoryFigure(800e6, samples, SCRAPED),
  } as const;
  expect(pauseRows(report).slice(1)).toEqual([
    ["idle", "12.0", "2.0", "0.1"],
    ["tools", "12.0 (above)", "2.0", "0.1", "1", "0", "500", "40.0", "40.0"],
  ]);
  expect(memoryLines(report).join("\n")).toMatch(/mapped from a file.*\n.*\n.*\n.*; above\)$/);
});
