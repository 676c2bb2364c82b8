/** The report of `turnwise bench` as text: what was measured on, then a line for each case. */

import { formatBytes } from "../../base/bytes.ts";
import {
  type BenchReport,
  type BesideCaseReport,
  type CaseReport,
  type ModelReport,
  weightsOf,
} from "../../bench/bench-report.ts";
import { formatCount } from "../describe-engine.ts";
import { textTable } from "../text-table.ts";

const BAR_CELLS = 20;

export function renderBench(report: BenchReport): string {
  const rows = [["case", "tokens/s", "min", "max", "share of the limit", ""], ...report.cases.map(caseRow)];
  const first = `${headLines(report).join("\n")}\n\n${textTable(rows, new Set([1, 2, 3]))}`;
  return [first, ...report.beside.map(renderBeside)].join("\n");
}

function renderBeside(report: ModelReport<BesideCaseReport>): string {
  const head = ["case", "tokens/s", "of the first", "min", "max", "share of the limit", ""];
  const rows = report.cases.map((each) => {
    const [name = "", rate = "", , , ...share] = caseRow(each);
    const times = [each.timesFirst.median, each.timesFirst.min, each.timesFirst.max].map((value) => value.toFixed(2));
    return [name, rate, ...times, ...share];
  });
  return `${modelLine(report)}\n\n${textTable([head, ...rows], new Set([1, 2, 3, 4]))}`;
}

function modelLine(report: ModelReport): string {
  const { name, parameters, fileBytes } = report.model;
  return `${name}, ${formatCount(parameters)} parameters in ${formatBytes(fileBytes)}: ${weightsOf(report)}`;
}

function headLines(report: BenchReport): readonly string[] {
  const { machine, backend, kvType, rounds, seconds } = report;
  const { readBytesPerSecond, int8OperationsPerSecond } = machine;
  const lines = [
    modelLine(report),
    `${machine.cpu}: ${backend}, ${machine.threads} ${machine.threads === 1 ? "thread" : "threads"}, ${kvType} KV; ` +
      `medians of ${rounds} ${rounds === 1 ? "round" : "rounds"}, ${seconds.toFixed(0)} s in all`,
  ];
  if (readBytesPerSecond === null || int8OperationsPerSecond === null) return lines;
  return [
    ...lines,
    `limits: ${giga(readBytesPerSecond.median)} GB/s read from memory, ` +
      `${giga(int8OperationsPerSecond.median)} G int8 operations/s (${machine.isa ?? ""} loop without loads)`,
  ];
}

const giga = (value: number): string => (value / 1e9).toPrecision(3);

function caseRow({ name, tokensPerSecond, limitShare, limit }: CaseReport): readonly string[] {
  const { median, min, max } = tokensPerSecond;
  const speeds = [median, min, max].map((value) => formatRate(value));
  if (limitShare === null || limit === null) return [name, ...speeds];
  return [name, ...speeds, shareBar(limitShare), `${(limitShare * 100).toFixed(0)} % of ${limit}`];
}

/** Four digits, which is more than a measurement has. */
const formatRate = (value: number): string => (value >= 1000 ? value.toFixed(0) : value.toPrecision(4));

function shareBar(share: number): string {
  const cells = Math.min(BAR_CELLS, Math.round(share * BAR_CELLS));
  return `${"█".repeat(cells)}${"·".repeat(BAR_CELLS - cells)}`;
}
