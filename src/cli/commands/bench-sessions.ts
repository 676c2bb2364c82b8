/** `turnwise bench sessions`: what a turn costs behind a long context, and what forks cost. */

import { resolveOptions } from "../../base/option-parse.ts";
import type { OptionTable } from "../../base/option-table.ts";
import { MAX_ROUNDS, runSessionsBench } from "../../bench/sessions/run-sessions-bench.ts";
import { forkLine, type SessionsReport, turnRows } from "../../bench/sessions/sessions-report.ts";
import { BENCH_MODEL_OPTIONS, benchModel } from "../bench/bench-model.ts";
import { EXIT_CODES, defineCommand } from "../command.ts";
import { ENGINE_OPTIONS } from "../options/engine-options.ts";
import { MEASURED_MODEL_OPTIONS } from "../options/measured-model-options.ts";
import { withOwnServer } from "../own-server.ts";
import { createProgress } from "../progress.ts";
import { SYNTHETIC_HELP } from "../synthetic-model.ts";
import { writeJson, writeLine, writeText } from "../terminal.ts";
import type { Terminal } from "../terminal.ts";
import { textTable } from "../text-table.ts";

const MEASUREMENT_OPTIONS = {
  ...BENCH_MODEL_OPTIONS,
  context: {
    type: { kind: "integer", min: 256, max: 131_072 },
    default: 4096,
    env: null,
    help: "Tokens of the session before the measured turns",
  },
  "turn-tokens": {
    type: { kind: "integer", min: 48, max: 4096 },
    default: 64,
    env: null,
    help: "Tokens that a measured turn computes",
  },
  forks: { type: { kind: "integer", min: 1, max: 64 }, default: 16, env: null, help: "Forks of the session" },
  rounds: {
    type: { kind: "integer", min: 1, max: MAX_ROUNDS },
    default: 5,
    env: null,
    help: "Each kind of turn runs once in each; the median counts",
  },
  json: { type: { kind: "boolean" }, default: false, env: null, help: "Print one JSON object" },
} as const satisfies OptionTable;

/** Room for the measured turns, answers and tools behind the context. */
const MORE_CONTEXT_TOKENS = 1024;

export const BENCH_SESSIONS = defineCommand({
  name: "bench sessions",
  summary: "Measure turns behind a long context, and forks of it",
  details:
    "Over HTTP, against a server in this process: the time to the first token of a turn of a session, of a\n" +
    "fork, and of a client that resends everything with the tool calls that it parsed, each beside a bare\n" +
    `prompt of as many tokens. Then forks: their time and the pages that they take.\n${SYNTHETIC_HELP}`,
  arguments: { model: { required: false, help: "A model as for turnwise serve; by default --synthetic" } },
  groups: { Measurement: MEASUREMENT_OPTIONS, Model: MEASURED_MODEL_OPTIONS },
  examples: ["turnwise bench sessions --threads 2", "turnwise bench sessions model.gguf --context 16384 --json"],
  run: async ({ arguments: { model: given }, options }, context) => {
    const { terminal } = context;
    const model = await benchModel(given, options, context);
    const engineValues = {
      ...resolveOptions(ENGINE_OPTIONS, {}),
      threads: options.threads,
      kvType: options.kvType,
      backend: options.backend,
      cacheDir: options.cacheDir,
      ctx: options.context + options.turnTokens + MORE_CONTEXT_TOKENS,
    };
    const progress = createProgress(terminal.stderr);
    await withOwnServer(model, engineValues, undefined, context, async ({ url }, engine) => {
      const report = await runSessionsBench({
        engine,
        url,
        contextTokens: options.context,
        turnTokens: options.turnTokens,
        forks: options.forks,
        rounds: options.rounds,
        onProgress: (label, fraction) => progress.update(label, fraction),
      }).finally(() => progress.done());
      if (options.json) await writeJson(terminal.stdout, report);
      else await printReport(report, terminal);
    });
    return EXIT_CODES.ok;
  },
});

async function printReport(report: SessionsReport, { stdout }: Terminal): Promise<void> {
  const { model, backend, threads, rounds, contextTokens, fillSeconds } = report;
  await writeLine(stdout, `${model}, ${backend}, ${threads} threads; ${rounds} rounds`);
  await writeLine(stdout, `a context of ${contextTokens} tokens, filled in ${fillSeconds.toFixed(1)} s`);
  await writeText(stdout, `\n${textTable(turnRows(report), new Set([1, 2, 3, 4, 5, 6, 7]))}\n`);
  await writeLine(stdout, forkLine(report));
}
