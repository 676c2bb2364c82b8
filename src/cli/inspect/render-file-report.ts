/** The report of `turnwise inspect` as text. */

import { formatBytes } from "../../base/bytes.ts";
import type { Cost } from "../../graph/types.ts";
import { formatCount } from "../describe-engine.ts";
import { textTable } from "../text-table.ts";
import type { FileReport } from "./file-report.ts";
import { metadataText } from "./metadata-value.ts";
import type { ProgramReport } from "./program-report.ts";

export function renderFileReport(report: FileReport): string {
  const sections = [
    section("file", textTable(fileRows(report))),
    section(
      `metadata (${report.metadata.size} keys)`,
      textTable([...report.metadata].map(([key, value]) => [key, metadataText(value)])),
    ),
    section(`tensors (${report.tensors.length})`, textTable(tensorRows(report), new Set([3]))),
    report.program === null
      ? section("program", `  none: ${report.cannotRun}\n`)
      : section("program", textTable(programRows(report.program))),
  ];
  return sections.join("\n");
}

const section = (title: string, body: string): string => `${title}\n${body}`;

function fileRows(report: FileReport): readonly (readonly string[])[] {
  return [
    ["path", report.path],
    ["format", report.format],
    ["architecture", report.architecture ?? "not named"],
    ["parameters", `${formatCount(report.parameters)} (${report.parameters.toLocaleString("en-US")})`],
    ["size", `${formatBytes(report.fileBytes)}, ${formatBytes(report.tensorBytes)} of it tensors`],
  ];
}

function tensorRows(report: FileReport): readonly (readonly string[])[] {
  return report.tensors.map(({ name, type, shape, bytes }) => [
    name,
    type,
    `[${shape.join(", ")}]`,
    formatBytes(bytes),
  ]);
}

function programRows(program: ProgramReport): readonly (readonly string[])[] {
  const { memory } = program;
  const total = memory.weightBytes + memory.kvBytes + memory.arenaBytes;
  return [
    [
      "shape",
      `${program.layers} layers, ${program.heads} heads of ${program.headDim} (${program.kvHeads} for KV), vocabulary of ${program.vocabSize}`,
    ],
    ["context", `${program.contextTokens.toLocaleString("en-US")} tokens`],
    ["instructions", `${program.instructions} in ${program.stages} stages`],
    ["KV cache", `${program.kvType}, ${formatBytes(program.kvBytesPerToken)} a token`],
    ["one token", describeCost(program.decode)],
    ["and for each 1,000 tokens of context", describeCost(program.perThousandTokens)],
    [
      "memory",
      `${formatBytes(total)}: weights ${formatBytes(memory.weightBytes)}, one full context ${formatBytes(memory.kvBytes)}, ` +
        `scratch ${formatBytes(memory.arenaBytes)}`,
    ],
  ];
}

const describeCost = ({ flops, bytes }: Cost): string =>
  `${formatCount(flops)} floating-point operations, ${formatBytes(bytes)} read`;
