/** Draws a training log: `npm run training:plot -- LOG.jsonl OUT.svg`. */

import { readFileSync, writeFileSync } from "node:fs";
import { type Plot, renderPlot, type Series } from "../src/report/plot.ts";

interface Losses {
  readonly assistant: number;
  readonly other: number;
}
/** Of training each has `assistant` and `other`, of validation `valid`. */
type LogLine = { readonly tokens: number } & (Losses | { readonly valid: Losses });

function seriesOf(
  lines: readonly LogLine[],
  label: string,
  mark: Series["mark"],
  value: (line: LogLine) => number | null,
) {
  const points = lines.flatMap((line) => {
    const y = value(line);
    return y === null ? [] : [[line.tokens / 1e6, y] as const];
  });
  return { label, mark, points };
}

const [log, target] = process.argv.slice(2);
if (log === undefined || target === undefined) {
  process.stderr.write("usage: npm run training:plot -- LOG.jsonl OUT.svg\n");
  process.exit(2);
}
const lines = readFileSync(log, "utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line) as LogLine);
const plot: Plot = {
  title: "Loss while training (nats a token)",
  x: { label: "million tokens", scale: "linear" },
  y: { label: "cross-entropy", scale: "log" },
  series: [
    seriesOf(lines, "what others say", "line", (line) => ("other" in line ? line.other : null)),
    seriesOf(lines, "assistant", "line", (line) => ("assistant" in line ? line.assistant : null)),
    seriesOf(lines, "assistant, validation", "points", (line) => ("valid" in line ? line.valid.assistant : null)),
  ],
};
writeFileSync(target, renderPlot(plot));
