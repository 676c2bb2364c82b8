/**
 * `npm run bench:peers`: Turnwise beside its peers on one file; see README.md.
 *
 *   node bench/peers/run.mjs [MODEL] [options]
 *
 *   MODEL                     a GGUF file; by default --synthetic
 *   --synthetic SHAPE:QUANT   random weights; by default llama-3.2-1b:q4_0
 *   --cases LIST              by default prefill-512,decode,decode-x16
 *   --suite kernels           instead of those three: all models and cases that kernel-targets.mjs has; 7 minutes a round
 *   --threads N               by default what Turnwise takes by default
 *   --rounds N                by default 5
 *   --minutes N               starts no measurement after so long; by default 8, of a suite 60
 *   --out FILE                by default bench/peers/build/MODEL-THREADS.json, or kernels-THREADS.json; one of the
 *                             same build is continued
 */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cpus } from "node:os";
import { basename, join, relative, resolve } from "node:path";
import { scriptOptions } from "../../scripts/script-options.mjs";
import { llamaCppVersion, preparePeers } from "./build-llama-cpp.mjs";
import { DEFAULT_CASES, parseCase } from "./cases.mjs";
import { ENGINES } from "./engines.mjs";
import { KERNEL_TARGETS } from "./kernel-targets.mjs";
import { renderComparison } from "./render-comparison.mjs";
import { openReport, saveReport } from "./report-file.mjs";
import { BUILD, doctor, ROOT, syntheticModel, TURNWISE, turnwiseIdentity } from "./turnwise-cli.mjs";

/** A measurement that takes longer is broken. */
const LONGEST_MS = 10 * 60_000;

const DEFAULT_MODEL = "llama-3.2-1b:q4_0";

const { values, positionals } = scriptOptions({
  allowPositionals: true,
  options: {
    synthetic: { type: "string" },
    cases: { type: "string" },
    suite: { type: "string" },
    threads: { type: "string" },
    rounds: { type: "string", default: "5" },
    minutes: { type: "string" },
    out: { type: "string" },
  },
});

const log = (line) => process.stderr.write(`${line}\n`);

function main() {
  if (!existsSync(TURNWISE)) throw new Error("build Turnwise first: npm run build");
  preparePeers(log);
  const jobs = jobsOf(values, positionals);
  const machine = doctor();
  const threads = Number(values.threads ?? machine.threads);
  const name = values.suite ?? basename(jobs[0].model, ".gguf");
  const out = resolve(values.out ?? join(BUILD, `${name}-${threads}.json`));
  const facts = { cpu: cpus()[0]?.model ?? "", threads };
  const identity = { ...facts, ...turnwiseIdentity(machine), "llama.cpp": llamaCppVersion() };
  const report = openReport(out, identity, { measurements: [] });
  measureAll(report, jobs, threads, () => saveReport(out, report));
  console.log(renderComparison(report));
  log(`written: ${relative(process.cwd(), out)}`);
}

/** What to measure: { model (a path), benchCase, engines }. */
function jobsOf({ suite, synthetic, cases }, [file]) {
  if (suite !== undefined) {
    if (suite !== "kernels") refuse(`${suite} is no suite; there is one: kernels`);
    if ([synthetic, cases, file].some((given) => given !== undefined))
      refuse("a suite has models and cases of its own");
    return KERNEL_TARGETS.map((target) => ({
      model: syntheticModel(target.model, log),
      benchCase: parseCase(target.benchCase),
      engines: ENGINES.filter(({ name }) => name !== "node-llama-cpp" || target.nodeRatio !== undefined),
    }));
  }
  const model = file === undefined ? syntheticModel(synthetic ?? DEFAULT_MODEL, log) : resolve(file);
  return (cases?.split(",") ?? DEFAULT_CASES).map((name) => ({
    model,
    benchCase: parseCase(name) ?? refuse(`${name} is no case of the peers`),
    engines: ENGINES,
  }));
}

function refuse(problem) {
  throw new Error(problem);
}

function measureAll(report, jobs, threads, onMeasured) {
  const minutes = Number(values.minutes ?? (values.suite === undefined ? 8 : 60));
  const endMs = performance.now() + minutes * 60_000;
  const keyOf = ({ round, model, benchCase, engine }) => `${round} ${model} ${benchCase} ${engine}`;
  const done = new Set(report.measurements.map(keyOf));
  for (let round = 1; round <= Number(values.rounds); round += 1) {
    for (const { model, benchCase, engines } of jobs) {
      for (const engine of engines) {
        const command = engine.command(benchCase, { model, threads });
        const what = { round, model: basename(model), benchCase: benchCase.name, engine: engine.name };
        if (command === null || done.has(keyOf(what))) continue;
        if (performance.now() > endMs) {
          log(`${minutes} minutes are over; the same command goes on from here`);
          return;
        }
        report.measurements.push({ ...what, ...measure(what, engine, command) });
        onMeasured();
      }
    }
  }
}

function measure({ round, model, benchCase }, engine, command) {
  const [program, ...args] = command;
  const beginMs = performance.now();
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: "utf8", timeout: LONGEST_MS });
  const seconds = (performance.now() - beginMs) / 1000;
  if (status !== 0) refuse(`${command.join(" ")}: ${error?.message ?? stderr.slice(-2000)}`);
  const figures = engine.read(stdout);
  const what = `${basename(model, ".gguf")} ${benchCase}`.padEnd(36);
  log(
    `round ${round} ${what} ${engine.name.padEnd(18)} ${figures.tokensPerSecond.toFixed(2)} tokens/s, ${seconds.toFixed(0)} s`,
  );
  return { ...figures, command: shown(command) };
}

/** As one types it in the checkout's root. */
const shown = (command) => command.join(" ").replace(process.execPath, "node").replaceAll(`${ROOT}/`, "");

try {
  main();
} catch (thrown) {
  log(`bench:peers: ${thrown.message}`);
  process.exitCode = 1;
}
