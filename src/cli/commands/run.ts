/** `turnwise run`: one prompt in, its continuation or answer on standard output. */

import { TurnwiseError } from "../../base/errors.ts";
import type { OptionTable } from "../../base/option-table.ts";
import type { FinishReason, GenerationTimings, GenerateRequest } from "../../engine/types.ts";
import { EXIT_CODES, defineCommand } from "../command.ts";
import type { CommandContext, ExitCode } from "../command.ts";
import { withInterruptSignal } from "../interrupts.ts";
import { withEngine } from "../load-engine.ts";
import type { LoadedEngine } from "../load-engine.ts";
import { CACHE_OPTIONS } from "../options/cache-options.ts";
import { ENGINE_OPTIONS, toEngineOptions } from "../options/engine-options.ts";
import { OUTPUT_OPTIONS, SAMPLING_OPTIONS, toSampling } from "../options/sampling-options.ts";
import { createProgress } from "../progress.ts";
import { MODEL_ARGUMENT, resolveModel } from "../resolve-model.ts";
import { describeSpeed } from "../speed.ts";
import { readInput, writeJson, writeLine, writeModelText, writeText } from "../terminal.ts";

const RUN_OPTIONS = {
  prompt: {
    type: { kind: "string", placeholder: "TEXT" },
    default: null,
    env: null,
    help: "What to say to the model; - reads standard input, byte for byte",
    short: "p",
    required: true,
  },
  raw: {
    type: { kind: "boolean" },
    default: false,
    env: null,
    help: "Continue the text as it is, without the model's chat template",
  },
  json: {
    type: { kind: "boolean" },
    default: false,
    env: null,
    help: "Print one JSON object at the end: text, tokens, promptTokens, finishReason, timings",
  },
} as const satisfies OptionTable;

/** What `--json` prints. */
interface RunResult {
  readonly text: string;
  /** Generated ids, the stop token included. */
  readonly tokens: readonly number[];
  readonly promptTokens: number;
  readonly finishReason: FinishReason | "cancelled";
  readonly timings: GenerationTimings & { readonly loadMs: number };
}

export const RUN = defineCommand({
  name: "run",
  summary: "Answer one prompt on standard output",
  details:
    "A model with a chat template gets the prompt as a user's message; --raw, or a model without one,\ncontinues the text itself.",
  arguments: { model: MODEL_ARGUMENT },
  groups: {
    Generation: { ...RUN_OPTIONS, ...OUTPUT_OPTIONS },
    Sampling: SAMPLING_OPTIONS,
    Model: { ...ENGINE_OPTIONS, ...CACHE_OPTIONS },
  },
  examples: [
    'turnwise run model.gguf -p "Why is the sky blue?"',
    'turnwise run model.gguf --raw -p "Once upon a time" --temperature 0 --max-tokens 100',
    "git diff | turnwise run model.gguf -p - --json",
  ],
  run: async ({ arguments: { model: given }, options }, context) => {
    const { terminal } = context;
    const text = options.prompt === "-" ? await readInput(terminal) : options.prompt;
    const model = await resolveModel(given, options.cacheDir, context);
    return withEngine(toEngineOptions(model, options), context, async (engine) => {
      const prompt = await toPrompt(engine, text, options.raw);
      const request = {
        prompt,
        sampling: toSampling(options),
        ...(options.maxTokens === null ? {} : { maxTokens: options.maxTokens }),
        ...(options.stop === null ? {} : { stop: options.stop }),
      };
      return withInterruptSignal(context.interrupts, (signal) =>
        generate(engine, { ...request, signal }, options.json, context),
      );
    });
  },
});

/** The text itself, or a conversation of one message by the model's template. */
async function toPrompt(engine: LoadedEngine, text: string, raw: boolean): Promise<string> {
  if (raw || !engine.model.hasChatTemplate) return text;
  return engine.renderChat({ messages: [{ role: "user", content: text }], addGenerationPrompt: true });
}

/** Streams the text (or prints the object at the end); an interrupted run keeps what it has. */
async function generate(
  engine: LoadedEngine,
  request: GenerateRequest,
  json: boolean,
  { terminal }: CommandContext,
): Promise<ExitCode> {
  const progress = createProgress(terminal.stderr);
  let text = "";
  const tokens: number[] = [];
  let promptTokens = 0;
  let finishReason: RunResult["finishReason"] = "cancelled";
  let timings: GenerationTimings = { queueMs: 0, prefillMs: 0, decodeMs: 0 };
  try {
    const generation = await engine.submit(request);
    promptTokens = generation.promptTokens;
    for await (const part of generation) {
      if (part.kind === "prefill") {
        progress.update("reading the prompt", part.doneTokens / part.promptTokens);
      } else if (part.kind === "delta") {
        progress.done();
        text += part.text;
        for (const { token } of part.tokens) tokens.push(token);
        if (!json) await writeModelText(terminal.stdout, part.text);
      } else if (part.kind === "finish") {
        finishReason = part.reason;
      } else {
        timings = part.timings;
      }
    }
  } catch (thrown) {
    if (!(thrown instanceof TurnwiseError && thrown.code === "cancelled")) throw thrown;
  } finally {
    progress.done();
  }
  if (json) {
    const result: RunResult = {
      text,
      tokens,
      promptTokens,
      finishReason,
      timings: roundTimings({ loadMs: engine.capacity.loadMs, ...timings }),
    };
    await writeJson(terminal.stdout, result);
  } else if (terminal.stdout.isTTY === true) {
    if (!text.endsWith("\n")) await writeText(terminal.stdout, "\n");
    await writeLine(terminal.stderr, describeSpeed(promptTokens, tokens.length, timings));
  }
  return finishReason === "cancelled" ? EXIT_CODES.interrupted : EXIT_CODES.ok;
}

/** Microseconds are as fine as these clocks are. */
const roundMs = (ms: number): number => Math.round(ms * 1000) / 1000;

function roundTimings({ loadMs, queueMs, prefillMs, decodeMs }: RunResult["timings"]): RunResult["timings"] {
  return {
    loadMs: roundMs(loadMs),
    queueMs: roundMs(queueMs),
    prefillMs: roundMs(prefillMs),
    decodeMs: roundMs(decodeMs),
  };
}
