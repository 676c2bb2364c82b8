/**
 * `npm run arm:model`: how fast the inner loops of the Arm kernels would be, by llvm-mca's models of Neoverse V1 and
 * V2. Compiles native/isa/neon_i8mm.cc to assembly, takes the marked loops out of it, epilogues included, and prints a
 * table. Fails where a loop misses its target (scripts/arm-kernels.mjs), or has lost more than 10 % against
 * bench/arm-model.json.
 *
 *   node scripts/arm-model.mjs [--write] [--allow-missing]
 *
 * `--write` makes the figures the record, whatever they lost, of which it tells, puts the table into docs/performance.md and the figures where
 * `turnwise project` takes them from, src/cost/arm-rates.ts. `--allow-missing` skips it, saying so, where the tools
 * cannot be had: not every Debian has this llvm-mca. Nothing here is a measurement:
 * llvm-mca knows no cache misses, no memory and no front end.
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { ARM_CPUS, ARM_KERNELS, LLAMA_CPP_RATES } from "./arm-kernels.mjs";
import { CROSS_PREFIX, requireCycleModel, runOrSkip } from "./arm-tools.mjs";
import { findMarkedLoops, straightLine } from "./assembly-loops.mjs";
import { compileUnit, findCompiler } from "./build-native.mjs";
import { putBetween } from "./marked-text.mjs";
import { isBelowTarget, losses, missedTargets, otherTools } from "./arm-gate.mjs";

const ROOT = resolve(import.meta.dirname, "..");
const RECORD = join(ROOT, "bench", "arm-model.json");
const PAGE = join(ROOT, "docs", "performance.md");
const RATES = join(ROOT, "src", "cost", "arm-rates.ts");
const MARK = "arm:model";
/** Enough for the first pass's start to fall below 1 % of most loops. */
const ITERATIONS = 100;

/** The assembly of the level, compiled as it is shipped. */
function levelAssembly() {
  const directory = join(ROOT, "build", "arm-model");
  mkdirSync(directory, { recursive: true });
  const base = ["-std=c++17", "-O3", "-ffp-contract=off", "-DTURNWISE_MODEL"];
  const unit = compileUnit(
    join(ROOT, "native", "isa", "neon_i8mm.cc"),
    findCompiler({ cross: CROSS_PREFIX }),
    base,
    directory,
  );
  const out = join(directory, "neon_i8mm.s");
  const { status, stderr } = spawnSync(unit.command, [...unit.flags, "-S", unit.source, "-o", out], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`compiling ${unit.source} failed:\n${stderr}`);
  return readFileSync(out, "utf8");
}

/** The marked loops, each with its function's name as the source spells its types. */
function namedLoops() {
  const loops = findMarkedLoops(levelAssembly());
  const { stdout } = spawnSync("c++filt", { input: loops.map((loop) => loop.symbol).join("\n"), encoding: "utf8" });
  const names = stdout
    .split("\n")
    .map((name) => name.replaceAll("turnwise::neon_i8mm::", "").replaceAll("> >", ">>").replaceAll("> >", ">>"));
  return loops.map((loop, index) => ({ ...loop, name: names[index] }));
}

/** By core and text: rows of many tokens are of the same few loops. */
const knownCycles = new Map();

/** Cycles of one pass through a loop, once it is running. */
function cyclesOf(mca, cpu, loop, inner) {
  const input = `${straightLine(loop, inner).join("\n")}\n`;
  const key = `${cpu}\n${input}`;
  const known = knownCycles.get(key);
  if (known !== undefined) return known;
  const args = ["-mtriple=aarch64", `-mcpu=${cpu}`, `-iterations=${ITERATIONS}`];
  const { status, stdout, stderr } = spawnSync(mca, args, { input, encoding: "utf8" });
  const total = /^Total Cycles:\s+(\d+)/m.exec(stdout)?.[1];
  if (status !== 0 || total === undefined) throw new Error(`${mca} ${args.join(" ")} failed: ${stderr}`);
  const cycles = Number(total) / ITERATIONS;
  knownCycles.set(key, cycles);
  return cycles;
}

function rateOf(mca, cpu, kernel, loops) {
  let cycles = 0;
  for (const part of kernel.parts) {
    const loop = loops.find(
      ({ name, kernel: of, width }) => of === part.kernel && width === part.width && name.includes(part.type),
    );
    if (loop === undefined) throw new Error(`no loop ${part.kernel} of width ${part.width} in ${part.type}`);
    cycles += part.passes * cyclesOf(mca, cpu, loop, part.inner);
  }
  return Math.round((kernel.work / cycles) * 10) / 10;
}

function peerCell({ name }) {
  const peer = LLAMA_CPP_RATES[name];
  return peer === undefined ? "" : ARM_CPUS.map(({ cpu }) => peer[cpu]).join(", ");
}

function table(rates) {
  const cell = (kernel, cpu) => {
    const rate = rates[kernel.name][cpu.cpu];
    return `${rate.toFixed(1)}${isBelowTarget(kernel, cpu, rate) ? " (below)" : ""}`;
  };
  return [
    `| loop | unit | ${ARM_CPUS.map(({ name }) => name).join(" | ")} | target on V2 | llama.cpp's loop, V1, V2 |`,
    `| --- | --- | ${ARM_CPUS.map(() => "---:").join(" | ")} | ---: | ---: |`,
    ...ARM_KERNELS.map(
      (kernel) =>
        `| ${kernel.name} | ${kernel.unit} | ${ARM_CPUS.map((cpu) => cell(kernel, cpu)).join(" | ")} | ${kernel.target ?? ""} | ${peerCell(kernel)} |`,
    ),
  ].join("\n");
}

function write(rates, markdown, versions) {
  writeFileSync(RECORD, `${JSON.stringify({ ...versions, rates, llamaCpp: LLAMA_CPP_RATES }, null, 2)}\n`);
  writeFileSync(
    RATES,
    `/**
 * Written by \`npm run arm:model -- --write\`: modelled rates of the Arm kernels' loops, and of llama.cpp's in the same
 * model, in its table's units.
 */

import type { ArmCore } from "./arm-chips.ts";

type Rates = Readonly<Record<string, Readonly<Record<ArmCore, number>>>>;

export const ARM_RATES = ${JSON.stringify(rates)} as const satisfies Rates;

/** scripts/arm-kernels.mjs says which loops those are. */
export const LLAMA_CPP_RATES = ${JSON.stringify(LLAMA_CPP_RATES)} as const satisfies Rates;
`,
  );
  spawnSync(join(ROOT, "node_modules", ".bin", "oxfmt"), [RATES, RECORD]);
  putBetween(PAGE, MARK, markdown);
}

const firstLine = (command, pattern) =>
  spawnSync(command, ["--version"], { encoding: "utf8" })
    .stdout.split("\n")
    .find((line) => pattern.test(line))
    ?.trim();

/** The exit status. */
function modelLoops(mca, isWritten) {
  const loops = namedLoops();
  const rates = Object.fromEntries(
    ARM_KERNELS.map((kernel) => [
      kernel.name,
      Object.fromEntries(ARM_CPUS.map(({ cpu }) => [cpu, rateOf(mca, cpu, kernel, loops)])),
    ]),
  );
  const markdown = table(rates);
  console.log(markdown);
  const tools = { compiler: firstLine(`${CROSS_PREFIX}g++`, /g\+\+/), model: firstLine(mca, /LLVM version/) };
  const record = JSON.parse(readFileSync(RECORD, "utf8"));
  const lost = losses(rates, record);
  for (const line of otherTools(tools, record)) console.warn(`NOTE: ${line}`);
  if (isWritten) {
    for (const line of lost) console.warn(`LOST: ${line}`);
    write(rates, markdown, tools);
  }
  const failures = [...missedTargets(rates), ...(isWritten ? [] : lost)];
  for (const line of failures) console.error(`FAILED: ${line}`);
  // A rate and its target are two checks.
  const targets = ARM_KERNELS.filter(({ target }) => target !== undefined).length;
  const checks = (ARM_KERNELS.length + targets) * ARM_CPUS.length;
  console.log(`${checks - failures.length} passed, ${failures.length} failed`);
  return failures.length === 0 ? 0 : 1;
}

await runOrSkip("arm:model", "nothing was modelled", (isWritten) => modelLoops(requireCycleModel(), isWritten));
