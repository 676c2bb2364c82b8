/**
 * `npm run bench:peers`: Turnwise beside its peers on one file; see README.md.
 *
 *   node bench/peers/run.mjs [MODEL] [options]
 *
 *   MODEL                     a GGUF file; by default --synthetic
 *   --synthetic SHAPE:QUANT   random weights; by default llama-3.2-1b:q4_0
 *   --cases LIST              by default prefill-512,decode,decode-x16
 *   --threads N               by default what Turnwise takes by default
 *   --rounds N                by default 5
 *   --minutes N               starts no measurement after so long; by default 8
 *   --out FILE                by default bench/peers/build/SHAPE-QUANT-THREADS.json; one of the same build is continued
 */

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { llamaCppVersion, preparePeers } from "./build-llama-cpp.mjs";
import { DEFAULT_CASES, parseCase } from "./cases.mjs";
import { ENGINES } from "./engines.mjs";
import { renderComparison } from "./render-comparison.mjs";
import { openReport, saveReport } from "./report-file.mjs";
import { BUILD, doctor, syntheticModel, TURNWISE, turnwiseIdentity } from "./turnwise-cli.mjs";

/** A measurement that takes longer is broken. */
const LONGEST_MS = 10 * 60_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: "boolean", default: false },
    synthetic: { type: "string", default: "llama-3.2-1b:q4_0" },
    cases: { type: "string", default: DEFAULT_CASES.join(",") },
    threads: { type: "string" },
    rounds: { type: "string", default: "5" },
    minutes: { type: "string", default: "8" },
    out: { type: "string" },
  },
});

const log = (line) => process.stderr.write(`${line}\n`);

function main() {
  if (values.help) {
    const [comment] = readFileSync(import.meta.filename, "utf8").split("*/");
    console.log(comment.replaceAll(/^(?:\/\*\*| \* ?)/gm, "").trim());
    return;
  }
  if (!existsSync(TURNWISE)) throw new Error("build Turnwise first: npm run build");
  preparePeers(log);
  const model = positionals[0] === undefined ? syntheticModel(values.synthetic, log) : resolve(positionals[0]);
  const machine = doctor();
  const threads = Number(values.threads ?? machine.threads);
  const cases = values.cases.split(",").map((name) => parseCase(name) ?? refuse(`${name} is no case of the peers`));
  const out = resolve(values.out ?? join(BUILD, `${basename(model, ".gguf")}-${threads}.json`));
  const facts = { cpu: cpus()[0]?.model ?? "", model: basename(model), threads };
  const identity = { ...facts, ...turnwiseIdentity(machine), "llama.cpp": llamaCppVersion() };
  const report = openReport(out, identity, { measurements: [] });
  measureAll(report, cases, { model, threads }, () => saveReport(out, report));
  console.log(renderComparison(report));
  log(`written: ${out}`);
}

function refuse(problem) {
  throw new Error(problem);
}

function measureAll(report, cases, settings, onMeasured) {
  const endMs = performance.now() + Number(values.minutes) * 60_000;
  const done = new Set(report.measurements.map(({ round, benchCase, engine }) => `${round} ${benchCase} ${engine}`));
  for (let round = 1; round <= Number(values.rounds); round += 1) {
    for (const benchCase of cases) {
      for (const engine of ENGINES) {
        const command = engine.command(benchCase, settings);
        if (command === null || done.has(`${round} ${benchCase.name} ${engine.name}`)) continue;
        if (performance.now() > endMs) {
          log(`${values.minutes} minutes are over; the same command goes on from here`);
          return;
        }
        report.measurements.push(measure(round, benchCase, engine, command));
        onMeasured();
      }
    }
  }
}

function measure(round, benchCase, engine, command) {
  const [program, ...args] = command;
  const beginMs = performance.now();
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: "utf8", timeout: LONGEST_MS });
  const seconds = (performance.now() - beginMs) / 1000;
  if (status !== 0) refuse(`${command.join(" ")}: ${error?.message ?? stderr.slice(-2000)}`);
  const tokensPerSecond = engine.rate(stdout);
  log(
    `round ${round} ${benchCase.name.padEnd(16)} ${engine.name.padEnd(18)} ${tokensPerSecond.toFixed(2)} tokens/s, ${seconds.toFixed(0)} s`,
  );
  return { round, benchCase: benchCase.name, engine: engine.name, tokensPerSecond, command: command.join(" ") };
}

try {
  main();
} catch (thrown) {
  log(`bench:peers: ${thrown.message}`);
  process.exitCode = 1;
}
