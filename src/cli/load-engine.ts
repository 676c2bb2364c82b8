/** Loads an engine for a command: progress, warnings, and its end whatever happens. */

import { TurnwiseError } from "../base/errors.ts";
import { Engine } from "../engine/engine.ts";
import type { EngineApi, EngineOptions } from "../engine/types.ts";
import type { CommandContext } from "./command.ts";
import { FLAG_OF_ENGINE_OPTION } from "./options/engine-options.ts";
import { createProgress } from "./progress.ts";
import { writeLine } from "./terminal.ts";

export type LoadedEngine = EngineApi;

const PHASE_LABELS = {
  header: "reading the header",
  weights: "loading the weights",
  tokenizer: "loading the tokenizer",
};

const RANDOM_WEIGHTS_NOTICE = "random weights: output is meaningless";

/** Loads; says on stderr what the user should know before the first text. */
export async function loadEngine(options: EngineOptions, { terminal }: CommandContext): Promise<LoadedEngine> {
  const progress = createProgress(terminal.stderr);
  const warnings: string[] = [];
  let loaded = false;
  try {
    const engine = await Engine.load({
      ...options,
      onProgress: ({ phase, fraction }) => progress.update(PHASE_LABELS[phase], fraction),
      onWarning: (message) => {
        // What is found later than at the start is said at once.
        if (loaded) terminal.stderr.write(`warning: ${message}\n`);
        else warnings.push(`warning: ${message}`);
      },
    });
    loaded = true;
    progress.done();
    if (engine.model.randomWeights) warnings.push(RANDOM_WEIGHTS_NOTICE);
    for (const line of warnings) await writeLine(terminal.stderr, line);
    return engine;
  } catch (thrown) {
    throw withFlagName(thrown);
  } finally {
    progress.done();
  }
}

/** The engine names its own options; a user of the command line knows flags. */
function withFlagName(thrown: unknown): unknown {
  if (!(thrown instanceof TurnwiseError) || thrown.code !== "invalid_option") return thrown;
  const flag = FLAG_OF_ENGINE_OPTION[String(thrown.params["option"])];
  return flag === undefined ? thrown : new TurnwiseError("invalid_option", { ...thrown.params, option: flag }, thrown);
}

/** `loadEngine`, `work`, and the engine's end. */
export async function withEngine<Result>(
  options: EngineOptions,
  context: CommandContext,
  work: (engine: LoadedEngine) => Promise<Result>,
): Promise<Result> {
  const engine = await loadEngine(options, context);
  try {
    const result = await work(engine);
    // Ended sooner, the next start would pack again, and write as much again.
    await engine.weightsKept();
    return result;
  } finally {
    await engine.dispose();
  }
}
