import { describe, expect, it } from "vitest";
import { quantilesOf } from "./statistics.ts";
import type { TurnRecord } from "./turn-record.ts";
import { turnsReport } from "./turns-report.ts";

const record = (fields: Partial<TurnRecord> = {}): TurnRecord => ({
  session: "a",
  index: 0,
  acts: false,
  intendedMs: 1000,
  endMs: 1500,
  deltaMs: [1200, 1300, 1450],
  promptTokens: 100,
  outputTokens: 3,
  cachedTokens: 75,
  failure: null,
  isPlayed: true,
  ...fields,
});

const objective = { turnMs: 600, firstTokenMs: 250 };

describe("turnsReport", () => {
  it("counts from the intended time", () => {
    const report = turnsReport([record()], 1, objective);
    expect(report).toMatchObject({
      turns: 1,
      planned: 1,
      interrupted: false,
      failures: 0,
      cachedShare: 0.75,
      goodShare: 1,
      wallMs: 500,
    });
    expect(report.turnMs?.p50.value).toBe(500);
    expect(report.firstTokenMs?.p50.value).toBe(200);
    expect(report.gapMs).toMatchObject({ count: 2, p50: { value: 100 }, p99: { value: 150 } });
    expect(report.goodTurnsPerMinute).toBe(120);
    expect(report.actionMs).toBeNull();
  });

  it("takes a failure as infinitely slow", () => {
    const failed = record({ failure: "refused", deltaMs: [] });
    const report = turnsReport([record(), failed], 2, objective);
    expect(report.turnMs).toMatchObject({ p50: { value: 500 }, p99: { value: Infinity } });
    expect(report).toMatchObject({ failures: 1, failureReasons: { refused: 1 }, goodShare: 0.5 });
  });

  it("gives a server that refuses a session early nothing for the turns that follow", () => {
    const played = Array.from({ length: 7 }, (_, index) => record({ index }));
    const rest = Array.from({ length: 12 }, (_, index) =>
      record({ index: 8 + index, failure: "not played: turn 8 failed", isPlayed: false, deltaMs: [] }),
    );
    const report = turnsReport([...played, record({ index: 7, failure: "429" }), ...rest], 20, objective);
    expect(report).toMatchObject({ turns: 20, failures: 13, unplayed: 12, goodShare: 7 / 20 });
    expect(report.turnMs?.p50.value).toBe(Infinity);
    // What was not sent hides no reason of what was.
    expect(report.failureReasons).toEqual({ "429": 1 });
  });

  it("takes an answer that began and failed for one that never goes on", () => {
    const stalled = record({ failure: "took longer than 900 ms", deltaMs: [1200, 1210] });
    expect(turnsReport([stalled], 1, objective).gapMs).toMatchObject({
      count: 2,
      p50: { value: 10 },
      p95: { value: Infinity },
    });
    expect(turnsReport([record({ failure: "refused", deltaMs: [] })], 1, objective).gapMs).toBeNull();
  });

  it("says where fewer turns ended than were planned", () => {
    expect(turnsReport([record()], 3, objective)).toMatchObject({ turns: 1, planned: 3, interrupted: true });
  });

  it("needs both bounds for a good turn", () => {
    expect(turnsReport([record()], 1, { ...objective, firstTokenMs: 199 }).goodShare).toBe(0);
    expect(turnsReport([record()], 1, { ...objective, turnMs: 499 }).goodShare).toBe(0);
  });

  it("of nothing is empty", () => {
    expect(turnsReport([], 1, objective)).toMatchObject({ turns: 0, turnMs: null, goodShare: 0, wallMs: 0 });
  });
});

describe("quantilesOf", () => {
  it("takes nearest ranks, inside their intervals", () => {
    const quantiles = quantilesOf(Array.from({ length: 400 }, (_, index) => 400 - index));
    expect(quantiles).toMatchObject({ count: 400, p50: { value: 200 }, p95: { value: 380 }, p99: { value: 396 } });
    // Ranks of B(400, 0.5), B(400, 0.95) and B(400, 0.99), by R: qbinom(c(.025, .975), 400, q) + c(0, 1).
    expect(quantiles).toMatchObject({ p50: { low: 180, high: 221 }, p95: { low: 371, high: 389 } });
    expect(quantiles?.p99).toMatchObject({ low: 392, high: 400 });
  });

  it("bounds nothing by too few values", () => {
    expect(quantilesOf([3, 1, 2])).toMatchObject({ p50: { low: 0, value: 2, high: Infinity } });
    expect(quantilesOf(Array.from({ length: 100 }, () => 7))?.p99).toEqual({ low: 7, value: 7, high: Infinity });
  });

  it("has no bound among failures", () => {
    const values = Array.from({ length: 100 }, (_, index) => (index < 55 ? 1 : Infinity));
    expect(quantilesOf(values)?.p50).toEqual({ low: 1, value: 1, high: Infinity });
  });

  it("is null without values", () => {
    expect(quantilesOf([])).toBeNull();
  });
});
