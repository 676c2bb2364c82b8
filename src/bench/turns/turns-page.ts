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

/** Points of one series, so that a page of a long run can still be opened. */
const MAX_POINTS = 500;
/** Shorter gaps are of tokens that came in one packet; the axis need not go down to them. */
const SHORTEST_SHOWN_MS = 0.1;

/** Above `quantileRows`. */
export const QUANTILE_HEAD: readonly string[] = ["", "p50 (95 % interval)", "p95", "p99"];

export function turnsPage({ facts, report, records }: TurnsPage): PagePart[] {
  return [
    ...facts.map((text): PagePart => ({ kind: "text", text })),
    { kind: "table", head: QUANTILE_HEAD, rows: quantileRows(report) },
    { kind: "table", head: ["", "value"], rows: figureRows(report) },
    ...plotParts(records),
  ];
}

/** "1.23 s (1.10 s .. 1.40 s)". */
export function showQuantile({ value, low, high }: Quantile): string {
  // Few values have no upper bound, and one that lies among failures is none.
  return `${showMs(value)} (${showMs(low)} .. ${Number.isFinite(high) ? showMs(high) : "no bound"})`;
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
    ["turns", report.interrupted ? `${report.turns} of ${report.planned}: interrupted` : String(report.turns)],
    ["sessions", String(report.sessions)],
    ["failed", String(report.failures)],
    // Reasons may be long, so they are in the column that nothing is aligned to.
    ...Object.entries(report.failureReasons).map(([reason, count]) => [`  ${count}`, reason.replaceAll(/\s+/g, " ")]),
    ...(report.unplayed === 0 ? [] : [[`  ${report.unplayed}`, "not played: a turn before them had failed"]]),
    [
      `within ${showMs(objective.turnMs)}, first token ${showMs(objective.firstTokenMs)}`,
      `${(100 * report.goodShare).toFixed(1)} %, ${report.goodTurnsPerMinute.toFixed(1)} a minute`,
    ],
    ["prompt tokens, cached", `${report.promptTokens}, ${(100 * report.cachedShare).toFixed(1)} %`],
    ["output tokens", String(report.outputTokens)],
    ["wall time", showMs(report.wallMs)],
  ];
}

/** Axes without a point would be made up. */
function plotParts(records: readonly TurnRecord[]): PagePart[] {
  if (records.every(({ failure }) => failure !== null)) {
    return [{ kind: "text", text: "No turn ended well, so there is nothing to draw." }];
  }
  return [distributions(records), byPromptLength(records)].map((plot) => ({ kind: "plot", plot }));
}

/** Lines end below 100 % where the rest failed. */
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
  const finite = sorted.subarray(0, sorted.findLastIndex(Number.isFinite) + 1);
  return atMost(MAX_POINTS, finite.length).map((index) => [
    Math.max(finite[index] ?? 0, SHORTEST_SHOWN_MS),
    (100 * (index + 1)) / sorted.length,
  ]);
}

function byPromptLength(records: readonly TurnRecord[]): Plot {
  const ended = records.filter(({ failure }) => failure === null);
  const shown = atMost(MAX_POINTS, ended.length).flatMap((index) => ended[index] ?? []);
  const points = (latency: (record: TurnRecord) => number): (readonly [number, number])[] =>
    shown.map((record) => [record.promptTokens, latency(record)]);
  return {
    title: "Latency of turns that ended well, by the length of the prompt",
    x: { label: "prompt tokens", scale: "linear" },
    y: { label: "milliseconds", scale: "log" },
    series: [
      { label: "turn", mark: "points", points: points(turnLatencyMs) },
      { label: "first token", mark: "points", points: points(firstTokenMs) },
    ],
  };
}

/** `limit` indices of `length` items, evenly spaced up to the last one; all of them where there are no more. */
function atMost(limit: number, length: number): number[] {
  const shown = Math.min(limit, length);
  return Array.from({ length: shown }, (_, index) => Math.ceil(((index + 1) * length) / shown) - 1);
}
