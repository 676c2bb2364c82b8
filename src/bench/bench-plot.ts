/** The report of a bench as a roofline plot, and as a page with the plot and its figures. */

import { turnwiseError } from "../base/errors.ts";
import { type PagePart, renderPage } from "../report/html-page.ts";
import { type Roofline, rooflineSvg } from "../report/roofline.ts";
import { type BenchReport, type CaseReport, weightsOf } from "./bench-report.ts";

/** Throws `invalid_option` for a report without limits: of the interpreter. */
export function benchSvg(report: BenchReport): string {
  return rooflineSvg(rooflineOf(report));
}

export function benchPage(report: BenchReport): string {
  const { title, subtitle } = rooflineOf(report);
  const head = [
    "case",
    "tokens/s",
    "min",
    "max",
    "of read bandwidth",
    "of int8 rate",
    "MB a token",
    "M operations a token",
  ];
  return renderPage(title, [
    { kind: "text", text: subtitle },
    { kind: "drawing", svg: benchSvg(report) },
    { kind: "table", head, rows: report.cases.map(caseCells) },
    ...report.beside.flatMap((beside): readonly PagePart[] => [
      { kind: "text", text: `Beside it, in the same rounds: ${weightsOf(beside)}` },
      {
        kind: "table",
        head: [...head, "of the first"],
        rows: beside.cases.map((each) => [...caseCells(each), each.timesFirst.median.toFixed(2)]),
      },
    ]),
    { kind: "text", text: `turnwise ${report.turnwise}, Node ${report.node}; medians of ${report.rounds} rounds.` },
  ]);
}

function rooflineOf(report: BenchReport): Roofline {
  const { machine, model, kvType, startedAt, cases } = report;
  const { readBytesPerSecond, int8OperationsPerSecond } = machine;
  if (readBytesPerSecond === null || int8OperationsPerSecond === null) {
    throw turnwiseError("invalid_option", {
      option: "--svg",
      problem: "a plot needs the machine's limits, which only the native core measures.",
    });
  }
  return {
    title: `${model.name}: what was reached, and the limits of the machine`,
    subtitle: `${machine.cpu}, ${machine.threads} threads, ${machine.isa ?? ""}, ${kvType} KV; ${startedAt.slice(0, 10)}`,
    bytesPerSecond: readBytesPerSecond.median,
    operationsPerSecond: int8OperationsPerSecond.median,
    points: cases.map((benchCase) => ({
      name: benchCase.name,
      intensity: benchCase.operationsPerToken / benchCase.bytesPerToken,
      operationsPerSecond: benchCase.tokensPerSecond.median * benchCase.operationsPerToken,
      remark: `${benchCase.tokensPerSecond.median.toPrecision(3)} tokens/s, ${percent(benchCase.limitShare)}`,
    })),
  };
}

function caseCells(report: CaseReport): readonly string[] {
  const { median, min, max } = report.tokensPerSecond;
  return [
    report.name,
    ...[median, min, max].map((rate) => rate.toPrecision(4)),
    percent(report.bandwidthShare),
    percent(report.int8Share),
    (report.bytesPerToken / 1e6).toPrecision(3),
    (report.operationsPerToken / 1e6).toPrecision(3),
  ];
}

const percent = (share: number | null): string => (share === null ? "-" : `${Math.round(share * 100)} %`);
