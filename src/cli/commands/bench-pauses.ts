/** `turnwise bench pauses`: how long the server's event loop pauses, and what memory the server takes. */

import { dirname, resolve } from "node:path";
import type { Environment } from "../../base/environment.ts";
import { fail } from "../../base/errors.ts";
import type { OptionTable } from "../../base/option-table.ts";
import { placeThreads } from "../../base/thread-placement.ts";
import { measurePauses } from "../../bench/pauses/measure-pauses.ts";
import { memoryLines, PAUSE_NOTES, type PausesReport, pauseRows } from "../../bench/pauses/pauses-report.ts";
import type { ServerCommand } from "../../bench/pauses/server-process.ts";
import { packModel } from "../../engine/load/pack-model.ts";
import { DEFAULT_WEIGHT_CACHE_BYTES } from "../../engine/weight-cache-settings.ts";
import { openFileSource } from "../../formats/file-source.ts";
import { openModel } from "../../models/open-model.ts";
import { loadAddon } from "../../native/load-addon.ts";
import { BENCH_MODEL_OPTIONS, benchModel } from "../bench/bench-model.ts";
import { EXIT_CODES, defineCommand } from "../command.ts";
import { withInterruptSignal } from "../interrupts.ts";
import { MEASURED_MODEL_OPTIONS } from "../options/measured-model-options.ts";
import { packFolderOf } from "../options/weight-cache-options.ts";
import { createProgress, type Progress } from "../progress.ts";
import { REQUIRED_MODEL_ARGUMENT } from "../resolve-model.ts";
import { SYNTHETIC_HELP } from "../synthetic-model.ts";
import { type Terminal, writeJson, writeLine, writeText } from "../terminal.ts";
import { textTable } from "../text-table.ts";
import { SERVE } from "./serve.ts";

const PAUSES_OPTIONS = {
  ...BENCH_MODEL_OPTIONS,
  context: {
    type: { kind: "integer", min: 512, max: 131_072 },
    default: 8192,
    env: null,
    help: "Tokens of the server's context, which one kind of request fills; at most the model's own",
  },
  text: {
    type: { kind: "bytes" },
    default: 1_000_000,
    env: null,
    help: "Text of the requests that have too much of it",
  },
  streams: {
    type: { kind: "integer", min: 1, max: 32 },
    default: 4,
    env: null,
    help: "Answers that are running meanwhile",
  },
  requests: { type: { kind: "integer", min: 1, max: 1000 }, default: 20, env: null, help: "Requests of each kind" },
  baseline: {
    type: { kind: "duration" },
    default: 10_000,
    env: null,
    help: "How long the loop is watched without requests, and with the running answers alone",
  },
  json: { type: { kind: "boolean" }, default: false, env: null, help: "Print one JSON object" },
} as const satisfies OptionTable;

/** Beside those of the server's options. */
const KEY_VARIABLES = ["TURNWISE_API_KEY", "TURNWISE_ADMIN_KEY"];

export const BENCH_PAUSES = defineCommand({
  name: "bench pauses",
  summary: "Measure how long the server's event loop pauses, and what memory the server takes",
  details:
    "Packs the model first, then starts `turnwise serve` as a process of its own. Answers run, and requests come one by one\n" +
    "and at once: with a text that fits in no context, with a full context, with 20 tools. The server's metrics tell how long\n" +
    "its event loop paused, before, with the answers alone and with each kind of request; the system tells its anonymous\n" +
    `memory (Linux).\n${SYNTHETIC_HELP}`,
  arguments: { model: { required: false, help: `${REQUIRED_MODEL_ARGUMENT.help}; by default --synthetic` } },
  groups: { Measurement: PAUSES_OPTIONS, Model: MEASURED_MODEL_OPTIONS },
  examples: ["turnwise bench pauses --threads 2", "turnwise bench pauses model.gguf --requests 50 --json"],
  run: async ({ arguments: { model: given }, options }, context) => {
    const { stdout, stderr, env } = context.terminal;
    const model = resolve(await benchModel(given, options, context));
    const contextTokens = Math.min(options.context, contextOf(model));
    const { threads } = placeThreads(options.threads);
    const folder = packFolderOf({ weightCacheDir: null, cacheDir: options.cacheDir }, env);
    const progress = createProgress(stderr);
    return withInterruptSignal(context.interrupts, async (signal) => {
      try {
        if (options.backend !== "interpreter" && loadAddon().addon !== null)
          await pack(model, folder, threads, progress);
        const serving = ["--ctx", String(contextTokens), "--kv-type", options.kvType, "--backend", options.backend];
        const cache = ["--weight-cache-dir", folder, "--read-only-cache", "--threads", String(options.threads)];
        const report = await measurePauses({
          ...options,
          server: serverCommand(["serve", model, ...serving, ...cache], env),
          threads,
          contextTokens,
          textBytes: options.text,
          baselineMs: options.baseline,
          signal,
          onProgress: (label, fraction) => progress.update(label, fraction),
        });
        progress.done();
        if (options.json) await writeJson(stdout, report);
        else await printReport(report, context.terminal);
        return EXIT_CODES.ok;
      } catch (thrown) {
        if (signal.aborted) return EXIT_CODES.interrupted;
        throw thrown;
      } finally {
        progress.done();
      }
    });
  },
});

/** As every start but the first finds it: the weights are mapped, and nothing is written beside the measurement. */
async function pack(model: string, folder: string, threads: number, progress: Progress): Promise<void> {
  await packModel({
    model,
    quant: "none",
    folder,
    maxBytes: DEFAULT_WEIGHT_CACHE_BYTES,
    isa: null,
    threads,
    onProgress: (phase, fraction) => progress.update(`${phase} the weights`, fraction),
  });
}

/** This program as a server on a free port, which no settings of this shell or this folder reach. */
function serverCommand(args: readonly string[], env: Environment): ServerCommand {
  const program = resolve(process.argv[1] ?? fail("invariant_violated", { what: "the program has a path" }));
  const settings = new Set([...Object.values(SERVE.options).map((row) => row.env), ...KEY_VARIABLES]);
  return {
    command: [process.execPath, program, ...args, "--port", "0", "--log-level", "error"],
    env: Object.fromEntries(Object.entries(env).filter(([name]) => !settings.has(name))),
    folder: dirname(program),
  };
}

function contextOf(model: string): number {
  const source = openModel(model, openFileSource);
  const { contextTokens } = source.spec();
  source.dispose();
  return contextTokens;
}

async function printReport(report: PausesReport, { stdout }: Terminal): Promise<void> {
  const rows = pauseRows(report);
  const { model, threads, contextTokens, streams } = report;
  await writeLine(
    stdout,
    `${model}, ${threads} threads, a context of ${contextTokens} tokens; ${streams} streams decode`,
  );
  await writeText(stdout, `\n${textTable(rows, new Set([...(rows[0]?.keys() ?? [])].slice(1)))}\n`);
  for (const line of [PAUSE_NOTES, ...memoryLines(report)]) await writeLine(stdout, line);
}
