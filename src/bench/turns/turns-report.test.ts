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
  text: "abc",
  failure: null,
  ...fields,
});

const objective = { turnMs: 600, firstTokenMs: 250 };

describe("turnsReport", () => {
  it("counts from the intended time", () => {
    const report = turnsReport([record()], objective);
    expect(report).toMatchObject({ turns: 1, failures: 0, cachedShare: 0.75, goodShare: 1, wallMs: 500 });
    expect(report.turnMs?.p50.value).toBe(500);
    expect(report.firstTokenMs?.p50.value).toBe(200);
    expect(report.gapMs).toMatchObject({ count: 2, p50: { value: 100 }, p99: { value: 150 } });
    expect(report.goodTurnsPerMinute).toBe(120);
    expect(report.actionMs).toBeNull();
  });

  it("takes a failure as infinitely slow", () => {
    const failed = record({ failure: "refused", deltaMs: [] });
    const report = turnsReport([record(), failed], objective);
    expect(report.turnMs).toMatchObject({ p50: { value: 500 }, p99: { value: Infinity } });
    expect(report).toMatchObject({ failures: 1, failureReasons: { refused: 1 }, goodShare: 0.5 });
  });

  it("needs both bounds for a good turn", () => {
    expect(turnsReport([record()], { ...objective, firstTokenMs: 199 }).goodShare).toBe(0);
    expect(turnsReport([record()], { ...objective, turnMs: 499 }).goodShare).toBe(0);
  });

  it("of nothing is empty", () => {
    expect(turnsReport([], objective)).toMatchObject({ turns: 0, turnMs: null, goodShare: 0, wallMs: 0 });
  });
});

describe("quantilesOf", () => {
  it("takes nearest ranks, inside their intervals", () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index);
    const quantiles = quantilesOf(values);
    expect(quantiles).toMatchObject({ count: 100, p50: { value: 50 }, p95: { value: 95 }, p99: { value: 99 } });
    for (const name of ["p50", "p95", "p99"] as const) {
      const { value, low, high } = quantiles?.[name] ?? { value: 0, low: 1, high: 0 };
      expect(low).toBeLessThanOrEqual(value);
      expect(high).toBeGreaterThanOrEqual(value);
    }
    // The binomial 95 % interval of the median of 100 values.
    expect(quantiles?.p50.low).toBeGreaterThanOrEqual(38);
    expect(quantiles?.p50.high).toBeLessThanOrEqual(62);
  });

  it("is null without values", () => {
    expect(quantilesOf([])).toBeNull();
  });
});
