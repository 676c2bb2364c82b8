/** The report of a grammar bench as a page: figures of each case, and how long masks take. */

import type { PagePart } from "../../report/html-page.ts";
import type { Distribution, GrammarCost, GrammarReport } from "./grammar-report.ts";

export const CASE_HEAD = ["case", "compile ms", "max", "mask µs", "p50", "p99", "max", "accept µs"];
export const COST_HEAD = ["bound to", "sequences", "free tokens/s", "bound tokens/s", "lost"];

export function grammarPage(report: GrammarReport): readonly PagePart[] {
  const { all, costs } = report;
  return [
    ...factLines(report).map((text): PagePart => ({ kind: "text", text })),
    { kind: "table", head: CASE_HEAD, rows: caseRows(report) },
    ...(costs === null ? [] : [{ kind: "table", head: COST_HEAD, rows: costs.map(costRow) } satisfies PagePart]),
    {
      kind: "plot",
      plot: {
        title: "Share of masks that took at most so long",
        x: { label: "microseconds", scale: "log" },
        y: { label: "%", scale: "linear" },
        series: [
          {
            label: "mask",
            mark: "line",
            points: all.maskPercentiles.map((value, index) => [value, index + 1] as const),
          },
        ],
      },
    },
  ];
}

export function factLines({
  vocabulary,
  cpu,
  cases,
  rounds,
  all,
  hitRate,
  maskBytes,
}: GrammarReport): readonly string[] {
  const { mean, p99, max, count } = all.maskMicroseconds;
  return [
    `${vocabulary.tokens} tokens of ${vocabulary.name}, tries built in ${vocabulary.buildMs.toFixed(0)} ms; ${cpu}`,
    `${cases.length} cases, ${rounds} rounds after warm-up: compiling ${all.compileMs.median.toFixed(1)} ms in the median, ` +
      `${all.compileMs.max.toFixed(1)} ms at most`,
    `${count} masks: mean ${showMicroseconds(mean)} µs, p99 ${showMicroseconds(p99)} µs, max ${showMicroseconds(max)} µs; ` +
      `${(hitRate * 100).toFixed(1)} % of lexer states known, ${(maskBytes / 2 ** 20).toFixed(1)} MiB of masks`,
  ];
}

export function caseRows({ cases }: GrammarReport): readonly (readonly string[])[] {
  return cases.map(({ name, compileMs, maskMicroseconds, acceptMicroseconds }) => [
    name,
    compileMs.median.toFixed(1),
    compileMs.max.toFixed(1),
    ...maskCells(maskMicroseconds),
    showMicroseconds(acceptMicroseconds.mean),
  ]);
}

function maskCells({ mean, p50, p99, max }: Distribution): readonly string[] {
  return [mean, p50, p99, max].map(showMicroseconds);
}

export function costRow({
  grammar,
  sequences,
  freeTokensPerSecond,
  boundTokensPerSecond,
  lostShare,
}: GrammarCost): readonly string[] {
  return [
    grammar,
    String(sequences),
    freeTokensPerSecond.median.toFixed(1),
    boundTokensPerSecond.median.toFixed(1),
    `${(lostShare * 100).toFixed(1)} %`,
  ];
}

function showMicroseconds(value: number): string {
  return value < 100 ? value.toPrecision(2) : value.toFixed(0);
}
