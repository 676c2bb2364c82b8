/** `turnwise bench stalls`: what a long prompt costs the answers that run beside it. */

import { fail } from "../../base/errors.ts";
import { resolveOptions } from "../../base/option-parse.ts";
import type { OptionTable } from "../../base/option-table.ts";
import { measureStalls, NO_BOUND_MS, stallContextTokens } from "../../bench/stalls/measure-stalls.ts";
import { STALL_NOTES, stallRows } from "../../bench/stalls/stalls-report.ts";
import { openFileSource } from "../../formats/file-source.ts";
import { openModel } from "../../models/open-model.ts";
import { BENCH_MODEL_OPTIONS, benchModel } from "../bench/bench-model.ts";
import { EXIT_CODES, defineCommand } from "../command.ts";
import { ENGINE_OPTIONS, toEngineOptions } from "../options/engine-options.ts";
import { MEASURED_MODEL_OPTIONS } from "../options/measured-model-options.ts";
import { createProgress } from "../progress.ts";
import { REQUIRED_MODEL_ARGUMENT } from "../resolve-model.ts";
import { SYNTHETIC_HELP } from "../synthetic-model.ts";
import { writeJson, writeLine, writeText } from "../terminal.ts";
import { textTable } from "../text-table.ts";

const STALL_OPTIONS = {
  ...BENCH_MODEL_OPTIONS,
  budgets: {
    type: { kind: "string", placeholder: "LIST" },
    default: "150,50",
    env: null,
    help: "Values of --max-stall-ms to measure beside no bound at all, with commas between",
  },
  streams: {
    type: { kind: "integer", min: 1, max: 32 },
    default: 4,
    env: null,
    help: "Answers that are running when the prompt comes",
  },
  "prompt-tokens": {
    type: { kind: "integer", min: 1, max: 1_000_000 },
    default: 6000,
    env: null,
    help: "Length of the prompt",
  },
  rounds: {
    type: { kind: "integer", min: 1, max: 100 },
    default: 3,
    env: null,
    help: "Every budget is measured once in each; medians, and percentiles of the gaps of all",
  },
  "time-limit": {
    type: { kind: "duration" },
    default: 60 * 60 * 1000,
    env: null,
    help: "A prompt that is not computed by then is given up, and counts as not completed",
  },
  json: { type: { kind: "boolean" }, default: false, env: null, help: "Print one JSON object" },
} as const satisfies OptionTable;

export const BENCH_STALLS = defineCommand({
  name: "bench stalls",
  summary: "Measure what a long prompt costs the answers that run beside it",
  details:
    "Some answers run, a long prompt comes; until its first token the gaps between the answers' tokens\n" +
    "are measured, and all tokens a second. Without a bound, and for each budget of --max-stall-ms; every other\n" +
    "round in the reverse order. Packed weights are not kept, so that all runs read the same memory.\n" +
    SYNTHETIC_HELP,
  arguments: { model: { required: false, help: `${REQUIRED_MODEL_ARGUMENT.help}; by default --synthetic` } },
  groups: { Measurement: STALL_OPTIONS, Model: MEASURED_MODEL_OPTIONS },
  examples: [
    "turnwise bench stalls --threads 2",
    "turnwise bench stalls --synthetic llama-3.1-8b:q4_0 --rounds 1 --json",
    "turnwise bench stalls model.gguf --budgets 100 --prompt-tokens 2000",
  ],
  run: async ({ arguments: { model: given }, options }, context) => {
    const { stdout, stderr } = context.terminal;
    const budgets = parseBudgets(options.budgets);
    const { threads, kvType, backend, cacheDir, streams, promptTokens, rounds } = options;
    const model = await benchModel(given, options, context);
    checkContext(model, promptTokens);
    const values = { ...resolveOptions(ENGINE_OPTIONS, {}), threads, kvType, backend, cacheDir };
    const progress = createProgress(stderr);
    const report = await measureStalls({
      engine: toEngineOptions(model, values),
      budgets,
      streams,
      promptTokens,
      rounds,
      timeLimitMs: options.timeLimit,
      onProgress: (label, fraction) => progress.update(label, fraction),
    }).finally(() => progress.done());
    if (options.json) await writeJson(stdout, report);
    else {
      await writeLine(stdout, `${report.model}, ${report.backend}, ${report.threads} threads; ${rounds} rounds`);
      await writeLine(stdout, `${streams} streams decode while ${promptTokens} tokens are prefilled`);
      const rows = stallRows(report);
      await writeText(stdout, `\n${textTable(rows, new Set(rows[0]?.keys()))}\n`);
      await writeLine(stdout, STALL_NOTES);
    }
    return EXIT_CODES.ok;
  },
});

function parseBudgets(text: string): readonly number[] {
  return text.split(",").map((part) => {
    const value = Number(part);
    if (part.trim() !== "" && value >= 0 && value < NO_BOUND_MS) return value;
    return fail("invalid_option", {
      option: "--budgets",
      problem: `expected milliseconds with commas between, not ${JSON.stringify(part)}`,
    });
  });
}

/** Throws `invalid_option` where the model's context has no room for the prompt and the answers beside it. */
function checkContext(model: string, promptTokens: number): void {
  const source = openModel(model, openFileSource);
  const { contextTokens } = source.spec();
  source.dispose();
  const needed = stallContextTokens(promptTokens);
  if (needed <= contextTokens) return;
  const problem = `it needs a context of ${needed} tokens, this model has ${contextTokens}`;
  fail("invalid_option", { option: "--prompt-tokens", problem });
}
