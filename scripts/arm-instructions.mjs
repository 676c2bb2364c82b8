/**
 * `npm run arm:instructions`: how many instructions the native core executes on Arm for a token, in prefill and in decoding,
 * counted by a plugin of qemu-user (bench/arm-instructions) while an arm64 Node runs a model of random weights. Nothing
 * of the machine's speed is in it. Fails where a count has grown by more than 5 % against
 * bench/arm-instructions/record.json.
 *
 *   node scripts/arm-instructions.mjs [--write] [--allow-missing]
 *
 * `--write` makes the counts the record and puts the table into docs/performance.md. `--allow-missing` skips it, saying
 * so, where the tools cannot be had. An instruction of qemu is one of the core's: what a core does with it, and
 * how long it waits for memory, are not in a count.
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { CROSS_PREFIX, countingQemu, requireCountingTools, requireNode, runOrSkip } from "./arm-tools.mjs";
import { buildNative, findCompiler } from "./build-native.mjs";
import { putBetween } from "./marked-text.mjs";

const ROOT = resolve(import.meta.dirname, "..");
const FOLDER = join(ROOT, "bench", "arm-instructions");
const RECORD = join(FOLDER, "record.json");
const BUILD = join(ROOT, "build", "arm-instructions");
const CORE = join(ROOT, "build", "arm64", "turnwise.node");
const PAGE = join(ROOT, "docs", "performance.md");
const MARK = "arm:instructions";

/** Shapes in which every product is of a whole panel; the second has twice the bytes and needs no unpacking. */
const MODELS = ["smollm2-135m:q4_0", "smollm2-135m:q8_0"];
/** One task of prefill. */
const PROMPT_TOKENS = 96;
const KINDS = [
  { label: 1, name: "prefill", tokens: PROMPT_TOKENS },
  { label: 2, name: "decode", tokens: 1 },
];
/** A count may grow by this share of its record before the command fails. */
const ALLOWED_GROWTH = 0.05;

function runOrThrow(command, args, options = {}) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", ...options });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed:\n${stdout}\n${stderr}`);
}

function buildPlugin() {
  const plugin = join(BUILD, "count_core.so");
  const flags = ["-std=c++17", "-O2", "-shared", "-fPIC"];
  const { command, prefix } = findCompiler();
  runOrThrow(command, [...prefix, ...flags, join(FOLDER, "count_core.cc"), "-o", plugin]);
  return plugin;
}

function writeModel(name) {
  const path = join(BUILD, `${name.replace(":", "-")}.gguf`);
  rmSync(path, { force: true });
  runOrThrow(process.execPath, [join(ROOT, "dist", "program", "main.js"), "synth", name, path]);
  return path;
}

/** Instructions of the core for a token, by kind of step. */
function countModel(plugin, name) {
  const model = writeModel(name);
  const out = join(BUILD, "counts.txt");
  rmSync(out, { force: true });
  const guest = [requireNode(), join(FOLDER, "run-steps.mjs"), model, String(PROMPT_TOKENS)];
  const [command, args] = countingQemu(`${plugin},module=${CORE},out=${out}`, guest);
  runOrThrow(command, args, { env: { ...process.env, TURNWISE_NATIVE: CORE } });
  rmSync(model);
  const marks = readFileSync(out, "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(" ").map(Number));
  return Object.fromEntries(
    KINDS.map(({ label, name: kind, tokens }) => {
      const [begin, end] = marks.filter(([of]) => of === label).map(([, count]) => count);
      if (end === undefined || end === begin) throw new Error(`${name}: nothing was counted for ${kind}`);
      return [kind, Math.round((end - begin) / tokens)];
    }),
  );
}

const millions = (count) => (count / 1e6).toFixed(2);

function table(counts) {
  return [
    `| model | ${KINDS.map(({ name }) => `${name}, million instructions a token`).join(" | ")} |`,
    `| --- | ${KINDS.map(() => "---:").join(" | ")} |`,
    ...MODELS.map((name) => `| ${name} | ${KINDS.map((kind) => millions(counts[name][kind.name])).join(" | ")} |`),
  ].join("\n");
}

/** Counts larger than their record allows. */
function growths(counts) {
  const record = JSON.parse(readFileSync(RECORD, "utf8"));
  return MODELS.flatMap((model) =>
    KINDS.flatMap(({ name: kind }) => {
      const before = record.counts[model]?.[kind];
      if (before === undefined) return [`${model}, ${kind}, has no record: run with --write`];
      const now = counts[model][kind];
      return now > before * (1 + ALLOWED_GROWTH) ? [`${model}, ${kind}: ${now}, recorded ${before}`] : [];
    }),
  );
}

/** The exit status. */
async function countAll(isWritten) {
  requireCountingTools();
  mkdirSync(BUILD, { recursive: true });
  await buildNative({ cross: CROSS_PREFIX, out: CORE, log: (line) => console.log(line) });
  const plugin = buildPlugin();
  const counts = Object.fromEntries(MODELS.map((name) => [name, countModel(plugin, name)]));
  const markdown = table(counts);
  console.log(markdown);
  if (isWritten) {
    writeFileSync(RECORD, `${JSON.stringify({ promptTokens: PROMPT_TOKENS, counts }, null, 2)}\n`);
    putBetween(PAGE, MARK, markdown);
  }
  const grown = growths(counts);
  for (const line of grown) console.error(`FAILED: ${line}`);
  console.log(`${MODELS.length * KINDS.length - grown.length} passed, ${grown.length} failed`);
  return grown.length === 0 ? 0 : 1;
}

await runOrSkip("arm:instructions", "nothing was counted", countAll);
