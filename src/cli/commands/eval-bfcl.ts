/** `turnwise eval bfcl`: how well-formed and how right a model's function calls are. */

import type { OptionTable } from "../../base/option-table.ts";
import { readBfclCases } from "../../eval/bfcl/bfcl-case.ts";
import { type BfclCounts, type BfclReport, runBfcl } from "../../eval/bfcl/run-bfcl.ts";
import { TARGET_OPTIONS, withChatTarget } from "../chat-target.ts";
import { EXIT_CODES, defineCommand } from "../command.ts";
import { withInterruptSignal } from "../interrupts.ts";
import { CACHE_OPTIONS } from "../options/cache-options.ts";
import { BATCH_OPTIONS, ENGINE_OPTIONS } from "../options/engine-options.ts";
import { createProgress } from "../progress.ts";
import { textTable } from "../text-table.ts";
import { writeJson, writeText } from "../terminal.ts";

const EVAL_OPTIONS = {
  limit: {
    type: { kind: "integer", min: 1, max: 1_000_000 },
    default: 1_000_000,
    env: null,
    help: "Cases of each category at most; all by default",
  },
  "tool-choice": {
    type: { kind: "choice", choices: ["auto", "required"] },
    default: "required",
    env: null,
    help: "With required every answer is calls, held to their schemas by a grammar",
  },
  "max-tokens": {
    type: { kind: "integer", min: 1, max: 1_000_000 },
    default: 512,
    env: null,
    help: "Tokens of an answer at most",
  },
  concurrency: {
    type: { kind: "integer", min: 1, max: 256 },
    default: 4,
    env: null,
    help: "Cases in progress at once",
  },
  json: { type: { kind: "boolean" }, default: false, env: null, help: "Print one JSON object" },
} as const satisfies OptionTable;

export const EVAL_BFCL = defineCommand({
  name: "eval bfcl",
  summary: "Score a model's function calls by the Berkeley leaderboard's rules",
  details:
    "DIR holds BFCL_v4_CATEGORY.json with possible_answer/ (or answers_CATEGORY.json) of the leaderboard's\n" +
    "single-turn Python categories. Each case is asked once, greedily. A call is right if its function and\n" +
    "every argument are among the right ones (AST match).",
  arguments: { dir: { required: true, help: "Folder of cases and answers" } },
  groups: {
    Target: TARGET_OPTIONS,
    Evaluation: EVAL_OPTIONS,
    "Model (without --url)": { ...BATCH_OPTIONS, ...ENGINE_OPTIONS, ...CACHE_OPTIONS },
  },
  examples: [
    "turnwise eval bfcl bfcl/ --model hf:ORG/NAME:Q4_0 --limit 50",
    "turnwise eval bfcl bfcl/ --url http://127.0.0.1:8080/v1 --json",
  ],
  run: async ({ arguments: { dir }, options }, context) => {
    const { terminal, interrupts } = context;
    const cases = readBfclCases(dir, options.limit);
    await withChatTarget(options, context, async (target) => {
      const progress = createProgress(terminal.stderr);
      try {
        const report = await withInterruptSignal(interrupts, (signal) =>
          runBfcl(target, cases, {
            ...options,
            signal,
            onCase: (done, total) => progress.update("asking cases", done / total),
          }),
        );
        progress.done();
        if (options.json) await writeJson(terminal.stdout, { model: target.model, ...report });
        else await writeText(terminal.stdout, renderReport(report));
      } finally {
        progress.done();
      }
    });
    return EXIT_CODES.ok;
  },
});

function renderReport({ all, categories, failures }: BfclReport): string {
  const heads = ["", "cases", "well-formed", "right function", "right arguments", "cut off", "failed"];
  const rows = [...Object.entries(categories), ["all", all] as const].map(([name, counts]) => rowOf(name, counts));
  const reasons = failures.map((reason) => `failed: ${reason}\n`).join("");
  return `${textTable([heads, ...rows])}\n${reasons}`;
}

function rowOf(
  name: string,
  { cases, wellFormed, rightFunction, rightArguments, cutOff, failed }: BfclCounts,
): string[] {
  const share = (count: number): string => `${((100 * count) / cases).toFixed(1)} %`;
  const shares = [wellFormed, rightFunction, rightArguments].map(share);
  return [name, String(cases), ...shares, String(cutOff), String(failed)];
}
