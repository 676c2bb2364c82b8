/**
 * `npm run arm:model`: how fast the inner loops of the Arm kernels would be, by llvm-mca's models of Neoverse V1 and V2,
 * and N1 for the level without matrix products. Compiles native/isa/neon_*.cc to assembly, takes the marked loops out of
 * it, epilogues included, and prints tables. Fails where a loop misses its target (scripts/arm-formats.mjs), or has lost
 * more than 10 % against bench/arm-model.json.
 *
 *   node scripts/arm-model.mjs [--write] [--allow-missing] [--llama-cpp DIR]
 *
 * `--write` makes the figures the record, whatever they lost, of which it tells, puts the tables into docs/performance.md and
 * the figures where `turnwise project` takes them from, src/cost/arm-rates.ts. `--allow-missing` skips it, saying so, where
 * the tools cannot be had: not every Debian has this llvm-mca. `--llama-cpp` models llama.cpp's loops anew, from a checkout
 * (scripts/arm-peer-loops.mjs); without it they are the record's. Nothing here is a measurement: llvm-mca knows no cache
 * misses, no memory and no front end.
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { losses, missedTargets, otherTools } from "./arm-gate.mjs";
import { ARM_KERNELS, ARM_LEVELS, cpusOf } from "./arm-kernels.mjs";
import { peerCommit, peerRates } from "./arm-peer-loops.mjs";
import { armTables } from "./arm-tables.mjs";
import { CROSS_PREFIX, requireCycleModel, runOrSkip } from "./arm-tools.mjs";
import { findMarkedLoops, straightLine } from "./assembly-loops.mjs";
import { baseFlags, compileUnit, findCompiler } from "./build-native.mjs";
import { putBetween } from "./marked-text.mjs";

const ROOT = resolve(import.meta.dirname, "..");
const RECORD = join(ROOT, "bench", "arm-model.json");
const PAGE = join(ROOT, "docs", "performance.md");
const RATES = join(ROOT, "src", "cost", "arm-rates.ts");
/** Enough for the first pass's start to fall below 1 % of most loops. */
const ITERATIONS = 100;

/** The assembly of a level's source, compiled as it is shipped. */
function levelAssembly(source) {
  const directory = join(ROOT, "build", "arm-model");
  mkdirSync(directory, { recursive: true });
  const path = join(ROOT, "native", "isa", `${source}.cc`);
  const flags = [...baseFlags(), "-DTURNWISE_MODEL"];
  const unit = compileUnit(path, findCompiler({ cross: CROSS_PREFIX }), flags, directory);
  const out = join(directory, `${source}.s`);
  const { status, stderr } = spawnSync(unit.command, [...unit.flags, "-S", path, "-o", out], { encoding: "utf8" });
  if (status !== 0) throw new Error(`compiling ${path} failed:\n${stderr}`);
  return readFileSync(out, "utf8");
}

/** A level's marked loops, each with its function's name as the source spells its types. */
function namedLoops({ source }) {
  const loops = findMarkedLoops(levelAssembly(source));
  const { stdout } = spawnSync("c++filt", { input: loops.map((loop) => loop.symbol).join("\n"), encoding: "utf8" });
  const names = stdout
    .split("\n")
    .map((name) => name.replaceAll(`turnwise::${source}::`, "").replaceAll("> >", ">>").replaceAll("> >", ">>"));
  return loops.map((loop, index) => ({ ...loop, name: names[index] }));
}

/** By core and text: rows of many tokens are of the same few loops. */
const knownCycles = new Map();

/** Cycles of one pass through these instructions, once they are running. */
function cyclesOf(mca, cpu, lines) {
  const input = `${lines.join("\n")}\n`;
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
    cycles += part.passes * cyclesOf(mca, cpu, straightLine(loop.body, part.repeats));
  }
  return Math.round((kernel.work / cycles) * 10) / 10;
}

/** llama.cpp's loops by row and core, with the commit that they are of: of a checkout, or as the record has them. */
function peerLoops(mca, checkout, { llamaCpp, llamaCppCommit }) {
  if (checkout === undefined) return { llamaCpp, llamaCppCommit };
  const { cpus } = ARM_LEVELS.i8mm;
  const byCpu = cpus.map(({ cpu }) => [cpu, peerRates(checkout, (lines) => cyclesOf(mca, cpu, lines))]);
  const rows = Object.keys(byCpu[0][1]);
  return {
    llamaCpp: Object.fromEntries(
      rows.map((row) => [row, Object.fromEntries(byCpu.map(([cpu, rates]) => [cpu, rates[row]]))]),
    ),
    llamaCppCommit: peerCommit(checkout),
  };
}

function write(rates, peers, tables, versions) {
  writeFileSync(RECORD, `${JSON.stringify({ ...versions, rates, ...peers }, null, 2)}\n`);
  writeFileSync(
    RATES,
    `/**
 * Written by \`npm run arm:model -- --write\`: modelled rates of the Arm kernels' loops, and of llama.cpp's in the same
 * model, in its table's units.
 */

import type { ArmCore } from "./arm-chips.ts";

type Rates = Readonly<Record<string, Readonly<Record<ArmCore, number>>>>;

export const ARM_RATES = ${JSON.stringify(projectedRates(rates))} as const satisfies Rates;

/** Of commit ${peers.llamaCppCommit}; scripts/arm-peer-loops.mjs says which loops those are. */
export const LLAMA_CPP_RATES = ${JSON.stringify(peers.llamaCpp)} as const satisfies Rates;
`,
  );
  spawnSync(join(ROOT, "node_modules", ".bin", "oxfmt"), [RATES, RECORD]);
  for (const [mark, table] of Object.entries(tables)) putBetween(PAGE, mark, table);
}

/** Of the level that the projected servers run. */
function projectedRates(rates) {
  const names = ARM_KERNELS.filter(({ level }) => level === "i8mm").map(({ name }) => name);
  return Object.fromEntries(names.map((name) => [name, rates[name]]));
}

const firstLine = (command, pattern) =>
  spawnSync(command, ["--version"], { encoding: "utf8" })
    .stdout.split("\n")
    .find((line) => pattern.test(line))
    ?.trim();

/** Of a row: its rates, and each one's target where there is one. */
const checksOf = (kernel) => cpusOf(kernel).length * (kernel.target === undefined ? 1 : 2);

/** The exit status. */
function modelLoops(mca, isWritten, checkout) {
  const record = JSON.parse(readFileSync(RECORD, "utf8"));
  const loops = Object.fromEntries(Object.entries(ARM_LEVELS).map(([level, each]) => [level, namedLoops(each)]));
  const rates = Object.fromEntries(
    ARM_KERNELS.map((kernel) => [
      kernel.name,
      Object.fromEntries(cpusOf(kernel).map(({ cpu }) => [cpu, rateOf(mca, cpu, kernel, loops[kernel.level])])),
    ]),
  );
  const peers = peerLoops(mca, checkout, record);
  const tables = armTables(rates, peers.llamaCpp);
  console.log(Object.values(tables).join("\n\n"));
  const tools = { compiler: firstLine(`${CROSS_PREFIX}g++`, /g\+\+/), model: firstLine(mca, /LLVM version/) };
  const lost = losses(rates, record);
  for (const line of otherTools(tools, record)) console.warn(`NOTE: ${line}`);
  if (isWritten) {
    for (const line of lost) console.warn(`LOST: ${line}`);
    write(rates, peers, tables, tools);
  }
  const failures = [...missedTargets(rates), ...(isWritten ? [] : lost)];
  for (const line of failures) console.error(`FAILED: ${line}`);
  const checks = ARM_KERNELS.reduce((sum, kernel) => sum + checksOf(kernel), 0);
  console.log(`${checks - failures.length} passed, ${failures.length} failed`);
  return failures.length === 0 ? 0 : 1;
}

await runOrSkip(
  "arm:model",
  "nothing was modelled",
  (isWritten, values) => modelLoops(requireCycleModel(), isWritten, values["llama-cpp"]),
  { "llama-cpp": { type: "string" } },
);
