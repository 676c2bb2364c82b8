/** `turnwise perplexity`: how well a model predicts a text, by llama-perplexity's method. */

import { readFileSync } from "node:fs";
import type { OptionTable } from "../../base/option-table.ts";
import { measurePerplexity } from "../../engine/perplexity.ts";
import { EXIT_CODES, defineCommand } from "../command.ts";
import { withInterruptSignal } from "../interrupts.ts";
import { withEngine } from "../load-engine.ts";
import { CACHE_OPTIONS } from "../options/cache-options.ts";
import { ENGINE_OPTIONS, toEngineOptions } from "../options/engine-options.ts";
import { createProgress } from "../progress.ts";
import { requireFile } from "../require-file.ts";
import { REQUIRED_MODEL_ARGUMENT, resolveModel } from "../resolve-model.ts";
import { decodeUtf8, writeJson, writeLine } from "../terminal.ts";

const PERPLEXITY_OPTIONS = {
  chunks: {
    type: { kind: "integer", min: 1, max: Number.MAX_SAFE_INTEGER },
    default: null,
    env: null,
    help: "Chunks of --ctx tokens to score; by default all of the text",
  },
  json: { type: { kind: "boolean" }, default: false, env: null, help: "Print {perplexity, tokens, chunks}" },
} as const satisfies OptionTable;

export const PERPLEXITY = defineCommand({
  name: "perplexity",
  summary: "Measure how well a model predicts a text",
  details:
    "The text is cut into chunks of --ctx tokens; each begins with BOS, and its second half is scored,\n" +
    "as llama-perplexity does.",
  arguments: {
    model: REQUIRED_MODEL_ARGUMENT,
    file: { required: true, help: "A text file in UTF-8" },
  },
  groups: { Measurement: PERPLEXITY_OPTIONS, Model: { ...ENGINE_OPTIONS, ...CACHE_OPTIONS } },
  examples: ["turnwise perplexity model.gguf wiki.test.raw --ctx 512 --chunks 20 --json"],
  run: async ({ arguments: { model: named, file }, options }, context) => {
    const model = await resolveModel(named, options.cacheDir, context);
    requireFile(file);
    const text = decodeUtf8(file, readFileSync(file));
    const { terminal, interrupts } = context;
    return withEngine(toEngineOptions(model, options), context, async (engine) => {
      const progress = createProgress(terminal.stderr);
      const result = await withInterruptSignal(interrupts, (signal) =>
        measurePerplexity(engine, text, {
          contextTokens: engine.capacity.contextTokens,
          chunks: options.chunks,
          signal,
          onProgress: (done, total) => progress.update("scoring", done / total),
        }),
      ).finally(() => progress.done());
      if (options.json) await writeJson(terminal.stdout, result);
      else {
        const { perplexity, tokens, chunks } = result;
        await writeLine(
          terminal.stdout,
          `perplexity ${perplexity.toFixed(4)} over ${tokens} tokens in ${chunks} chunks`,
        );
      }
      return EXIT_CODES.ok;
    });
  },
});
