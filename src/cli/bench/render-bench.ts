/** The report of `turnwise bench` as text: what was measured on, then a line for each case. */

import { formatBytes } from "../../base/bytes.ts";
import type { BenchReport, CaseReport } from "../../bench/bench-report.ts";
import { formatCount } from "../describe-engine.ts";
import { textTable } from "../text-table.ts";

const BAR_CELLS = 20;

export function renderBench(report: BenchReport): string {
  const rows = [["case", "tokens/s", "min", "max", "share of the limit", ""], ...report.cases.map(caseRow)];
  return `${headLines(report).join("\n")}\n\n${textTable(rows, new Set([1, 2, 3]))}`;
}

function headLines({ machine, model, backend, kvType, quant, rounds, seconds }: BenchReport): readonly string[] {
  const { readBytesPerSecond, int8OperationsPerSecond } = machine;
  const lines = [
    `${model.name}, ${formatCount(model.parameters)} parameters in ${formatBytes(model.fileBytes)}: ${model.path}` +
      (quant === "none" ? "" : `, rounded to ${quant}`),
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
