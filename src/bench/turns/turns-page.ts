/** The report of a replay as a page: the figures, and how latencies are distributed and grow over a session. */

import type { PagePart } from "../../report/html-page.ts";
import type { Plot } from "../../report/plot.ts";
import type { Quantile, Quantiles } from "./statistics.ts";
import type { TurnRecord } from "./turn-record.ts";
import { firstTokenMs, gapsOf, turnLatencyMs } from "./turns-report.ts";
import type { TurnsReport } from "./turns-report.ts";

export interface TurnsPage {
  /** What was replayed against what, a line each. */
  readonly facts: readonly string[];
  readonly report: TurnsReport;
  readonly records: readonly TurnRecord[];
}

/** Points of a distribution's line. */
const MAX_POINTS = 500;
/** Shorter gaps are of tokens that came in one packet; the axis need not go down to them. */
const SHORTEST_SHOWN_MS = 0.1;

export function turnsPage({ facts, report, records }: TurnsPage): PagePart[] {
  return [
    ...facts.map((text): PagePart => ({ kind: "text", text })),
    { kind: "table", head: ["", "p50", "p95", "p99"], rows: quantileRows(report) },
    { kind: "table", head: ["", "value"], rows: figureRows(report) },
    { kind: "plot", plot: distributions(records) },
    { kind: "plot", plot: overTheSession(records) },
  ];
}

/** "1.23 s (1.10 .. 1.40)". */
export function showQuantile({ value, low, high }: Quantile): string {
  return `${showMs(value)} (${showMs(low)} .. ${showMs(high)})`;
}

export function showMs(ms: number): string {
  if (!Number.isFinite(ms)) return "failed";
  return ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : `${ms.toFixed(0)} ms`;
}

/** The latencies, each as its name and its three quantiles. */
export function quantileRows({ turnMs, actionMs, firstTokenMs: first, gapMs }: TurnsReport): string[][] {
  return [
    ...quantileRow("turn", turnMs),
    ...quantileRow("action", actionMs),
    ...quantileRow("first token", first),
    ...quantileRow("token gap", gapMs),
  ];
}

function quantileRow(name: string, quantiles: Quantiles | null): string[][] {
  return quantiles === null ? [] : [[name, ...[quantiles.p50, quantiles.p95, quantiles.p99].map(showQuantile)]];
}

export function figureRows(report: TurnsReport): string[][] {
  const { objective } = report;
  return [
    ["turns of sessions", `${report.turns} of ${report.sessions}`],
    ["failed", String(report.failures)],
    ...Object.entries(report.failureReasons).map(([reason, count]) => [`  ${reason}`, String(count)]),
    [
      `within ${showMs(objective.turnMs)}, first token ${showMs(objective.firstTokenMs)}`,
      `${(100 * report.goodShare).toFixed(1)} %, ${report.goodTurnsPerMinute.toFixed(1)} a minute`,
    ],
    ["prompt tokens, cached", `${report.promptTokens}, ${(100 * report.cachedShare).toFixed(1)} %`],
    ["output tokens", String(report.outputTokens)],
    ["wall time", showMs(report.wallMs)],
  ];
}

function distributions(records: readonly TurnRecord[]): Plot {
  const series = [
    { label: "turn", values: records.map(turnLatencyMs) },
    { label: "first token", values: records.map(firstTokenMs) },
    { label: "token gap", values: records.flatMap(gapsOf) },
  ];
  return {
    title: "Share of turns (of gaps) that took at most so long",
    x: { label: "milliseconds", scale: "log" },
    y: { label: "%", scale: "linear" },
    series: series.map(({ label, values }) => ({ label, mark: "line", points: distribution(values) })),
  };
}

function distribution(values: readonly number[]): (readonly [number, number])[] {
  const sorted = Float64Array.from(values).toSorted();
  const step = Math.max(1, Math.floor(sorted.length / MAX_POINTS));
  return Array.from(
    sorted,
    (value, index) => [Math.max(value, SHORTEST_SHOWN_MS), (100 * (index + 1)) / sorted.length] as const,
  ).filter(([value], index) => Number.isFinite(value) && (index % step === 0 || index === sorted.length - 1));
}

function overTheSession(records: readonly TurnRecord[]): Plot {
  const points = (latency: (record: TurnRecord) => number): (readonly [number, number])[] =>
    records.map((record) => [record.promptTokens, latency(record)] as const);
  return {
    title: "Latency by the length of the prompt",
    x: { label: "prompt tokens", scale: "linear" },
    y: { label: "milliseconds", scale: "log" },
    series: [
      { label: "turn", mark: "points", points: points(turnLatencyMs) },
      { label: "first token", mark: "points", points: points(firstTokenMs) },
    ],
  };
}
