/** `turnwise bench grammar`: what constrained decoding costs: compiling, masks, tokens a second. */

import { fail } from "../../base/errors.ts";
import type { OptionTable } from "../../base/option-table.ts";
import { readBfclTools } from "../../bench/grammar/bfcl-tools.ts";
import { builtInCases } from "../../bench/grammar/built-in-cases.ts";
import { type GrammarCase, toolCases } from "../../bench/grammar/grammar-case.ts";
import { CASE_HEAD, COST_HEAD, caseRows, costRow, factLines, grammarPage } from "../../bench/grammar/grammar-page.ts";
import type { GrammarReport } from "../../bench/grammar/grammar-report.ts";
import { measureCost } from "../../bench/grammar/measure-cost.ts";
import { measureMasks } from "../../bench/grammar/measure-masks.ts";
import { openVocabulary } from "../../bench/grammar/open-vocabulary.ts";
import { readCpuInfo } from "../../native/cpu-info.ts";
import { packageVersion } from "../../native/native-paths.ts";
import { renderPage } from "../../report/html-page.ts";
import { EXIT_CODES, defineCommand } from "../command.ts";
import { CACHE_OPTIONS } from "../options/cache-options.ts";
import { ENGINE_OPTIONS } from "../options/engine-options.ts";
import { createProgress } from "../progress.ts";
import { REQUIRED_MODEL_ARGUMENT, resolveModel } from "../resolve-model.ts";
import { keptSyntheticModel, parseSyntheticModel } from "../synthetic-model.ts";
import { textTable } from "../text-table.ts";
import { writeJson, writeText } from "../terminal.ts";
import { writeTextFile } from "../write-text-file.ts";

const BENCH_OPTIONS = {
  bfcl: {
    type: { kind: "string", placeholder: "FOLDER" },
    default: null,
    env: null,
    help: "Also the functions of BFCL*.json in it, in sets of 20",
  },
  synthetic: {
    type: { kind: "string", placeholder: "SHAPE:QUANT" },
    default: null,
    env: null,
    help: "Random weights in place of MODEL, kept in the cache directory",
  },
  cost: {
    type: { kind: "boolean" },
    default: false,
    env: null,
    help: "Also tokens a second with and without a grammar, of 1 and of 8 sequences; needs weights",
  },
  rounds: {
    type: { kind: "integer", min: 1, max: 1000 },
    default: 3,
    env: null,
    help: "After one to warm up; medians are of so many",
  },
  json: { type: { kind: "boolean" }, default: false, env: null, help: "Print one JSON object" },
  html: {
    type: { kind: "string", placeholder: "FILE" },
    default: null,
    env: null,
    help: "Write a page with a plot too",
  },
} as const satisfies OptionTable;

const SEQUENCES = [1, 8] as const;

export const BENCH_GRAMMAR = defineCommand({
  name: "bench grammar",
  summary: "Measure what holding output to a grammar costs",
  details:
    "Compiles sets of tools and hard schemas, and makes the masks of random texts under each, by the code\n" +
    "that serving runs. Without MODEL the vocabulary is made up, of 128,256 tokens.",
  arguments: {
    model: { required: false, help: `${REQUIRED_MODEL_ARGUMENT.help}; without --cost a vocabulary is enough` },
  },
  groups: {
    Measurement: BENCH_OPTIONS,
    Model: { threads: ENGINE_OPTIONS.threads, ...CACHE_OPTIONS },
  },
  examples: [
    "turnwise bench grammar",
    "turnwise bench grammar model.gguf --bfcl bfcl --json",
    "turnwise bench grammar --synthetic llama-3.2-1b:q4_0 --cost",
  ],
  run: async ({ arguments: { model: given }, options }, context) => {
    const { terminal } = context;
    const { synthetic, cacheDir, cost, rounds, threads, json, html, bfcl } = options;
    if (given !== null && synthetic !== null)
      refuse("--synthetic", "it takes the place of MODEL; give one of the two.");
    if (cost && given === null && synthetic === null) refuse("--cost", "it needs MODEL or --synthetic.");
    const path =
      synthetic !== null
        ? await keptSyntheticModel(parseSyntheticModel("--synthetic", synthetic), cacheDir, context)
        : given === null
          ? null
          : await resolveModel(given, cacheDir, context);
    const cases: readonly GrammarCase[] = [
      ...builtInCases(),
      ...(bfcl === null ? [] : toolCases("bfcl", readBfclTools(bfcl))),
    ];
    const progress = createProgress(terminal.stderr);
    const onProgress = (label: string, fraction: number): void => progress.update(label, fraction);
    const startedAt = new Date().toISOString();
    const vocabulary = openVocabulary(path);
    const { buildMs, ...figures } = measureMasks({ vocabulary, cases, rounds, onProgress });
    const engine = { model: path ?? "", ...(threads === null ? {} : { threads }) };
    const costs = cost ? await measureCost({ engine, sequences: SEQUENCES, rounds, onProgress }) : null;
    progress.done();
    const report: GrammarReport = {
      turnwise: packageVersion(),
      node: process.version,
      startedAt,
      cpu: readCpuInfo().model,
      vocabulary: { name: path ?? "no model", tokens: vocabulary.flags.length, buildMs },
      rounds,
      ...figures,
      costs,
    };
    if (json) await writeJson(terminal.stdout, report);
    else await writeText(terminal.stdout, renderReport(report));
    if (html !== null) writeTextFile(html, renderPage("What grammars cost", grammarPage(report)));
    return EXIT_CODES.ok;
  },
});

function refuse(option: string, problem: string): never {
  return fail("invalid_option", { option, problem });
}

function renderReport(report: GrammarReport): string {
  const cases = textTable([CASE_HEAD, ...caseRows(report)], new Set([1, 2, 3, 4, 5, 6, 7]));
  const costs =
    report.costs === null ? "" : `\n${textTable([COST_HEAD, ...report.costs.map(costRow)], new Set([1, 2, 3, 4]))}`;
  return `${factLines(report).join("\n")}\n\n${cases}${costs}`;
}
