/** `turnwise bench start`: how long a new process takes to its first token. */

import { formatBytes } from "../../base/bytes.ts";
import { fail } from "../../base/errors.ts";
import type { OptionTable } from "../../base/option-table.ts";
import { measureStarts, type StartReport, type StartTimes } from "../../bench/start/measure-starts.ts";
import type { Spread } from "../../bench/spread.ts";
import { packModel } from "../../engine/load/pack-model.ts";
import { placeThreads } from "../../base/thread-placement.ts";
import { openFileSource } from "../../formats/file-source.ts";
import { openModel } from "../../models/open-model.ts";
import { createTokenizer } from "../../text/tokenizer/create-tokenizer.ts";
import { EXIT_CODES, defineCommand } from "../command.ts";
import { CACHE_OPTIONS } from "../options/cache-options.ts";
import { ENGINE_OPTIONS } from "../options/engine-options.ts";
import { PACK_WRITING_OPTIONS, packFolderOf } from "../options/weight-cache-options.ts";
import { createProgress } from "../progress.ts";
import { REQUIRED_MODEL_ARGUMENT, resolveModel } from "../resolve-model.ts";
import { writeJson, writeText } from "../terminal.ts";
import { textTable } from "../text-table.ts";

const START_OPTIONS = {
  rounds: {
    type: { kind: "integer", min: 1, max: 100 },
    default: 5,
    env: null,
    help: "Starts of each kind; the median counts",
  },
  json: { type: { kind: "boolean" }, default: false, env: null, help: "Print one JSON object" },
} as const satisfies OptionTable;

/** Of the prompt. */
const PROMPT_TOKENS = 8;

export const BENCH_START = defineCommand({
  name: "bench start",
  summary: "Measure the time from a process's start to its first token",
  details:
    "Packs the model first, then runs `turnwise run` with a prompt of 8 tokens: with the files in memory (warm)\n" +
    "and without (cold, where GNU dd can make the system forget them, beside the disk's rate by the same files).\n" +
    "The prompt's step is the model's arithmetic; the rest is what a start costs.",
  arguments: { model: REQUIRED_MODEL_ARGUMENT },
  groups: {
    Measurement: START_OPTIONS,
    Model: { threads: ENGINE_OPTIONS.threads, ...PACK_WRITING_OPTIONS, ...CACHE_OPTIONS },
  },
  examples: ["turnwise bench start model.gguf", "turnwise bench start model.gguf --rounds 3 --json"],
  run: async ({ arguments: { model: given }, options }, context) => {
    const { stdout, stderr, env } = context.terminal;
    const model = await resolveModel(given, options.cacheDir, context);
    const folder = packFolderOf(options, env);
    const { threads } = placeThreads(options.threads);
    const { prompt, files } = readModel(model);
    const progress = createProgress(stderr);
    try {
      const pack = await packModel({
        model,
        quant: "none",
        folder,
        maxBytes: options.weightCacheMax,
        isa: null,
        threads,
        onProgress: (phase, fraction) => progress.update(`${phase} the weights`, fraction),
      });
      const program = process.argv[1] ?? fail("invariant_violated", { what: "the program has a path" });
      const ask = ["--raw", "-p", prompt, "--max-tokens", "1", "--temperature", "0", "--json"];
      const cache = ["--weight-cache-dir", folder, "--read-only-cache", "--threads", String(threads)];
      const report = await measureStarts({
        command: [process.execPath, program, "run", model, ...ask, ...cache],
        pack: pack.path,
        modelFiles: files,
        rounds: options.rounds,
        onProgress: (label, fraction) => progress.update(label, fraction),
      });
      progress.done();
      if (options.json) await writeJson(stdout, report);
      else await writeText(stdout, renderStarts(report));
      return EXIT_CODES.ok;
    } finally {
      progress.done();
    }
  },
});

/** A text of so many tokens, or of a few more where no text has just these. */
function readModel(path: string): { readonly prompt: string; readonly files: readonly string[] } {
  const source = openModel(path, openFileSource);
  try {
    const tokenizer = createTokenizer(source.vocabulary());
    let prompt = "1";
    while (tokenizer.encode(prompt, { addSpecial: true, parseSpecial: true }).length < PROMPT_TOKENS) prompt += " 1";
    return { prompt, files: source.weightFiles };
  } finally {
    source.dispose();
  }
}

function renderStarts({ promptTokens, fileBytes, warm, cold }: StartReport): string {
  const rows = [["start", "first token", "of that loading", `prompt of ${promptTokens}`], rowOf("warm", warm)];
  if (cold === null) return textTable([...rows, ["cold", "not measured: there is no GNU dd"]]);
  const rate = cold.diskBytesPerSecond.median;
  const reading = `${formatBytes(fileBytes)} in ${(fileBytes / rate).toFixed(2)} s at ${formatBytes(rate)}/s`;
  return textTable([...rows, rowOf("cold", cold)]) + textTable([["its file", reading]]);
}

function rowOf(name: string, { firstTokenMs, loadMs, promptMs }: StartTimes): readonly string[] {
  return [name, ...[firstTokenMs, loadMs, promptMs].map(seconds)];
}

const seconds = ({ median, min, max }: Spread): string =>
  `${(median / 1000).toFixed(2)} s (${(min / 1000).toFixed(2)} to ${(max / 1000).toFixed(2)})`;
