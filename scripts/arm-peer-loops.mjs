/**
 * llama.cpp's own loops for its repacked types, for `npm run arm:model -- --llama-cpp DIR`: compiles the file that has them
 * from a checkout of https://github.com/ggml-org/llama.cpp and finds the loop over blocks in each. Nothing of it is kept here.
 */

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { CROSS_PREFIX } from "./arm-tools.mjs";

/** What may be there to compile it with; of each loop the faster code counts. */
const COMPILERS = [[`${CROSS_PREFIX}g++`], ["clang++-19", "--target=aarch64-linux-gnu"]];

const SOURCE = "ggml/src/ggml-cpu/arch/arm/repack.cpp";
const INCLUDES = ["ggml/include", "ggml/src", "ggml/src/ggml-cpu"];
/** As its release builds for a core with i8mm; without SVE, whose loops are others. */
const FLAGS = ["-std=gnu++17", "-O3", "-DNDEBUG", "-fPIC", "-march=armv8.2-a+dotprod+fp16+i8mm"];

/** By row of the table: the function, and packed bytes of a weight where the row counts bytes. */
const LOOPS = {
  "GEMM Q4_0": { symbol: "ggml_gemm_q4_0_4x8_q8_0" },
  "GEMM Q8_0": { symbol: "ggml_gemm_q8_0_4x8_q8_0" },
  "GEMV Q4_0": { symbol: "ggml_gemv_q4_0_4x8_q8_0", weightBytes: 18 / 32 },
};

const LABEL = /^(\.?\w+):/;
const BRANCH = /^(?:b\.?(?:eq|ne|lt|le|gt|ge|hi|hs|lo|ls|cc|cs|mi|pl|any|none)|cbn?z|tbn?z)\s+(?:.*,\s*)?(\.?\w+)$/;
/** Multiplications of an instruction on 16 bytes. */
const MATRIX = /^(?:s|u|us)mmla\s/;
const DOT = /^(?:s|u|us)dot\s/;

/**
 * `cyclesOf(lines)` gives the cycles of one pass. Returns rates by row, in the table's units. Throws what the compiler says
 * where none can compile it.
 */
export function peerRates(checkout, cyclesOf) {
  const results = COMPILERS.map((compiler) => compile(checkout, compiler));
  const assemblies = results.flatMap(({ assembly }) => (assembly === null ? [] : [assembly]));
  if (assemblies.length === 0) throw new Error(results.map(({ problem }) => problem).join("\n"));
  const rates = Object.entries(LOOPS).map(([row, { symbol, weightBytes = 1 }]) => {
    // Clang writes no names beside the numbers of inline assembly, which then has no products to be found.
    const loops = assemblies.map((text) => busiestLoop(functionLines(text, symbol))).filter((loop) => loop !== null);
    if (loops.length === 0) throw new Error(`${symbol} of ${checkout} has no loop of integer products`);
    const best = Math.max(...loops.map((loop) => multiplications(loop) / cyclesOf(loop)));
    return [row, Math.round(10 * best * weightBytes) / 10];
  });
  return Object.fromEntries(rates);
}

export function peerCommit(checkout) {
  const { stdout } = spawnSync("git", ["-C", checkout, "rev-parse", "--short=8", "HEAD"], { encoding: "utf8" });
  return stdout?.trim() || "of no commit";
}

function compile(checkout, [command, ...prefix]) {
  const includes = INCLUDES.map((path) => `-I${join(checkout, path)}`);
  const args = [...prefix, ...FLAGS, ...includes, "-S", "-o", "-", join(checkout, SOURCE)];
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8", maxBuffer: 2 ** 28 });
  if (status === 0) return { assembly: stdout, problem: null };
  return { assembly: null, problem: `${command} cannot compile ${SOURCE} of ${checkout}: ${error?.message ?? stderr}` };
}

/** Labels and instructions of the function whose name holds `symbol` and is not its generic form's. */
export function functionLines(assembly, symbol) {
  const lines = assembly.split("\n");
  const begin = lines.findIndex((line) => line.includes(symbol) && !line.includes("generic") && /^\w+:/.test(line));
  const end = lines.findIndex((line, at) => at > begin && /^\s*\.size\s/.test(line));
  return begin < 0 ? [] : lines.slice(begin + 1, end).flatMap(plainLine);
}

/**
 * One or no line: instructions that are written as numbers (`.inst`) by the comment beside them, labels that share a line with
 * an instruction on a line of their own.
 */
function plainLine(line) {
  const text = line.trim().replace(/^\.inst\s+\S+\s*\/\/\s*/, "");
  const [label, name] = LABEL.exec(text) ?? [];
  if (label !== undefined && text !== label) return [`${name}:`, ...plainLine(text.slice(label.length))];
  const isDirective = text.startsWith(".") && label === undefined;
  return text === "" || isDirective || /^(\/\/|#|;)/.test(text) ? [] : [text.replace(/\s*\/\/.*$/, "")];
}

/** The instructions of the innermost loop with the most multiplications, its branch left out; null where none has any. */
export function busiestLoop(lines) {
  const loops = lines.flatMap((line, end) => {
    const target = BRANCH.exec(line)?.[1];
    // Labels of inline assembly are numbers, and "2b" is the last 2 before.
    const label = /^\d+b$/.test(target ?? "") ? target.slice(0, -1) : target;
    const begin = label === undefined ? -1 : lines.lastIndexOf(`${label}:`, end);
    return begin < 0 ? [] : [{ begin, end }];
  });
  const innermost = loops.filter(
    ({ begin, end }) => !loops.some((other) => other.begin > begin && other.end < end && other.end > other.begin),
  );
  const bodies = innermost.map(({ begin, end }) =>
    lines.slice(begin, end).filter((line) => !LABEL.test(line) && !BRANCH.test(line)),
  );
  const best = bodies.toSorted((a, b) => multiplications(b) - multiplications(a))[0] ?? [];
  return multiplications(best) === 0 ? null : best;
}

/** Of 8-bit integers. */
export const multiplications = (lines) =>
  lines.reduce((sum, line) => sum + (MATRIX.test(line) ? 32 : DOT.test(line) ? 16 : 0), 0);
