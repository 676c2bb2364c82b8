/** `turnwise bench`: how fast a model runs here, and how near that is to what the machine can do. */

import { fail } from "../../base/errors.ts";
import type { OptionTable, OptionValues } from "../../base/option-table.ts";
import { type BenchCase, SUITES, parseBenchCases } from "../../bench/bench-case.ts";
import { benchPage, benchSvg } from "../../bench/bench-plot.ts";
import { fittingCases } from "../../bench/fitting-cases.ts";
import { runBench } from "../../bench/run-bench.ts";
import { BENCH_MODEL_OPTIONS, benchModel, benchModelsBeside } from "../bench/bench-model.ts";
import { renderBench } from "../bench/render-bench.ts";
import { EXIT_CODES, defineCommand } from "../command.ts";
import { ENGINE_OPTIONS } from "../options/engine-options.ts";
import { MEASURED_MODEL_OPTIONS } from "../options/measured-model-options.ts";
import { createProgress } from "../progress.ts";
import { REQUIRED_MODEL_ARGUMENT } from "../resolve-model.ts";
import { SYNTHETIC_HELP } from "../synthetic-model.ts";
import { writeJson, writeLine, writeText } from "../terminal.ts";
import { writeTextFile } from "../write-text-file.ts";

const BENCH_OPTIONS = {
  ...BENCH_MODEL_OPTIONS,
  beside: {
    type: { kind: "string", placeholder: "LIST" },
    default: null,
    env: null,
    help: "Other models in the same rounds: MODEL or SHAPE:QUANT, each with +ROUNDING (as of --quant) or not",
  },
  cases: {
    type: { kind: "string", placeholder: "LIST" },
    default: null,
    env: null,
    help: "Which, with commas between: prefill-T[@DEPTH], decode[-xN][@DEPTH], forks-xN@DEPTH",
  },
  suite: {
    type: { kind: "choice", choices: ["default", "kernels"] },
    default: "default",
    env: null,
    help: "Which cases, where --cases does not say",
  },
  rounds: {
    type: { kind: "integer", min: 1, max: 1000 },
    default: 5,
    env: null,
    help: "Every case is measured once in each round; the median counts",
  },
  json: { type: { kind: "boolean" }, default: false, env: null, help: "Print one JSON object" },
  svg: {
    type: { kind: "string", placeholder: "FILE" },
    default: null,
    env: null,
    help: "Write a roofline plot too: what was reached below what the machine can do",
  },
  html: {
    type: { kind: "string", placeholder: "FILE" },
    default: null,
    env: null,
    help: "Write a page with the plot and all figures too",
  },
} as const satisfies OptionTable;

export const BENCH = defineCommand({
  name: "bench",
  summary: "Measure prefill and decoding, and their shares of what the machine can do",
  details:
    "Tokens a second, as medians of rounds in which every case runs once. In the same rounds fixed loops\n" +
    "measure the read bandwidth and the int8 rate of this machine; a case's share is of whichever limits it.\n" +
    SYNTHETIC_HELP,
  arguments: { model: { required: false, help: `${REQUIRED_MODEL_ARGUMENT.help}; by default --synthetic` } },
  groups: { Measurement: BENCH_OPTIONS, Model: { ...MEASURED_MODEL_OPTIONS, quant: ENGINE_OPTIONS.quant } },
  examples: [
    "turnwise bench model.gguf",
    "turnwise bench --synthetic llama-3.2-1b:q4_0 --threads 2 --json",
    "turnwise bench --synthetic llama-3.2-1b:bf16 --quant q4-g128",
    "turnwise bench --synthetic llama-3.2-1b:q4_0 --beside llama-3.2-1b:q4_k,llama-3.2-1b:bf16+q4-g128-pure",
    "turnwise bench model.gguf --cases decode,decode-x8,decode-x32 --rounds 3",
  ],
  run: async ({ arguments: { model: given }, options }, context) => {
    const { terminal } = context;
    const asked = casesOf(options);
    const model = await benchModel(given, options, context);
    const beside = await benchModelsBeside(options.beside, options.cacheDir, context);
    let fitting = asked;
    for (const each of [model, ...beside.map((other) => other.model)]) {
      const found = fittingCases(each, fitting);
      for (const remark of found.remarks) await writeLine(terminal.stderr, remark);
      fitting = found.fitting;
    }
    if (fitting.length === 0) fail("invalid_option", { option: "--cases", problem: "no case fits this model." });
    const progress = createProgress(terminal.stderr);
    const warnings: string[] = [];
    const report = runBench({
      model,
      beside,
      cases: fitting,
      rounds: options.rounds,
      kvType: options.kvType,
      backend: options.backend,
      quant: options.quant,
      threads: options.threads,
      onProgress: (label, fraction) => progress.update(label, fraction),
      onWarning: (message) => warnings.push(`warning: ${message}`),
    });
    progress.done();
    for (const line of warnings) await writeLine(terminal.stderr, line);
    if (options.json) await writeJson(terminal.stdout, report);
    else await writeText(terminal.stdout, renderBench(report));
    if (options.svg !== null) writeTextFile(options.svg, benchSvg(report));
    if (options.html !== null) writeTextFile(options.html, benchPage(report));
    return EXIT_CODES.ok;
  },
});

function casesOf({ cases, suite }: Pick<OptionValues<typeof BENCH_OPTIONS>, "cases" | "suite">): readonly BenchCase[] {
  return parseBenchCases("--cases", cases ?? SUITES[suite].join(","));
}
