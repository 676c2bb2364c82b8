/** How one option reads in `--help` and in the reference: its flags, its value's name, its remarks. */

import { formatBytes } from "../base/bytes.ts";
import { unreachable } from "../base/invariant.ts";
import { describeRange } from "../base/option-parse.ts";
import type { OptionRow, OptionType } from "../base/option-table.ts";

/** "-p, --prompt <TEXT>", "--raw", "--no-color" for a flag that is on by default. */
export function optionFlags(name: string, row: OptionRow): string {
  const short = row.short === undefined ? "" : `-${row.short}, `;
  if (row.type.kind === "boolean") return `${short}--${row.default === true ? "no-" : ""}${name}`;
  return `${short}--${name} <${valueName(row.type)}>`;
}

function valueName(type: OptionType): string {
  switch (type.kind) {
    case "string":
    case "strings":
      return type.placeholder;
    case "integer":
      return ["N", ...(type.words ?? [])].join("|");
    case "number":
      return "X";
    case "bytes":
      return "SIZE";
    case "duration":
      return "TIME";
    case "choice":
      return type.choices.join("|");
    case "boolean":
      return "BOOLEAN";
    default:
      return unreachable(type);
  }
}

/** What stands behind the help line: "default 0.8; 0 to 100; TURNWISE_X". Empty where there is nothing to say. */
export function optionRemarks(row: OptionRow): string {
  const remarks: string[] = [];
  if (row.required === true) remarks.push("required");
  if (row.default !== null && row.type.kind !== "boolean") remarks.push(`default ${formatDefault(row)}`);
  if (row.type.kind === "integer" || row.type.kind === "number")
    remarks.push(describeRange(row.type.min, row.type.max));
  if (row.type.kind === "strings") remarks.push("may be repeated");
  if (row.env !== null) remarks.push(row.env);
  if (row.reload === true) remarks.push("SIGHUP reloads it");
  return remarks.join("; ");
}

function formatDefault(row: OptionRow): string {
  if (typeof row.default !== "number") return String(row.default);
  if (row.type.kind === "bytes") return formatBytes(row.default);
  if (row.type.kind === "duration") return formatDuration(row.default);
  return String(row.default);
}

function formatDuration(ms: number): string {
  if (ms === 0) return "0";
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}

/** The help line with its remarks in brackets. */
export function optionHelp(row: OptionRow): string {
  const remarks = optionRemarks(row);
  return remarks === "" ? row.help : `${row.help} [${remarks}]`;
}
