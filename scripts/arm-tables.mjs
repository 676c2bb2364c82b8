/** The tables that `npm run arm:model` prints and puts into docs/performance.md, as Markdown. */

import { ARM_FORMATS } from "./arm-formats.mjs";
import { isBelowTarget } from "./arm-gate.mjs";
import { ARM_LEVELS, cpusOf, FEW_TOKENS, LOOP_KERNELS, TASK_TOKENS, tokensRow } from "./arm-kernels.mjs";

const CPUS = ARM_LEVELS.i8mm.cpus;

/** By the mark of the page where each stands. Rates are by kernel and CPU, `peers` those of llama.cpp's loops. */
export function armTables(rates, peers) {
  return {
    "arm:model": loopTable(rates, peers),
    "arm:model:tokens": tokensTable(rates),
    "arm:model:dotprod": dotTable(rates),
  };
}

function markdown(header, alignments, rows) {
  return [header, alignments, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function loopTable(rates, peers) {
  const cell = (kernel, cpu) => {
    const rate = rates[kernel.name][cpu.cpu];
    return `${rate.toFixed(1)}${isBelowTarget(kernel, cpu, rate) ? " (below)" : ""}`;
  };
  return markdown(
    ["loop", "unit", ...CPUS.map(({ name }) => name), "target on V2", "llama.cpp's loop, V1, V2"],
    ["---", "---", ...CPUS.map(() => "---:"), "---:", "---:"],
    LOOP_KERNELS.map((kernel) => [
      kernel.name,
      kernel.unit,
      ...cpusOf(kernel).map((cpu) => cell(kernel, cpu)),
      kernel.target ?? "",
      peerCell(peers[kernel.name]),
    ]),
  );
}

const peerCell = (peer) => (peer === undefined ? "" : CPUS.map(({ cpu }) => peer[cpu]).join(", "));

/** MAC/cycle by tokens of a step, both cores in a cell; last, what of 96 tokens' time is not the panel loop's. */
function tokensTable(rates) {
  const tokens = [...FEW_TOKENS, TASK_TOKENS];
  const bothOf = (name) => CPUS.map(({ cpu }) => rates[name][cpu].toFixed(1)).join(", ");
  const unpacking = (format) =>
    CPUS.map(({ cpu }) => {
      const share = 1 - rates[tokensRow(format, TASK_TOKENS)][cpu] / rates[`GEMM ${format.name}`][cpu];
      return `${(100 * share).toFixed(0)} %`;
    }).join(", ");
  return markdown(
    ["format", ...tokens.map((count) => `${count} tokens`), `unpacking's share at ${TASK_TOKENS}`],
    ["---", ...tokens.map(() => "---:"), "---:"],
    ARM_FORMATS.map((format) => [
      format.name,
      ...tokens.map((count) => bothOf(tokensRow(format, count))),
      unpacking(format),
    ]),
  );
}

function dotTable(rates) {
  const [{ cpu }] = ARM_LEVELS.dotprod.cpus;
  const cell = (kind, { name }) => rates[`${kind} ${name} by dot products`][cpu].toFixed(1);
  return markdown(
    ["format", "GEMV, bytes/cycle", "3 tokens, MAC/cycle"],
    ["---", "---:", "---:"],
    ARM_FORMATS.map((format) => [format.name, cell("GEMV", format), cell("GEMM", format)]),
  );
}
