/** `turnwise chat`: a conversation in the terminal, which is kept for as long as the command runs. */

import { EXIT_CODES, defineCommand } from "../command.ts";
import { ChatLoop } from "../chat-loop.ts";
import { fail } from "../../base/errors.ts";
import type { OptionTable } from "../../base/option-table.ts";
import { withEngine } from "../load-engine.ts";
import { CACHE_OPTIONS } from "../options/cache-options.ts";
import { ENGINE_OPTIONS, toEngineOptions } from "../options/engine-options.ts";
import { OUTPUT_OPTIONS, SAMPLING_OPTIONS, toSampling } from "../options/sampling-options.ts";
import { MODEL_ARGUMENT, resolveModel } from "../resolve-model.ts";

const CHAT_OPTIONS = {
  system: {
    type: { kind: "string", placeholder: "TEXT" },
    default: null,
    env: null,
    help: "The system message",
    short: "s",
  },
} as const satisfies OptionTable;

export const CHAT = defineCommand({
  name: "chat",
  summary: "Talk to a model in the terminal",
  details: "In the conversation, /help lists the commands; Ctrl-C stops an answer, Ctrl-D ends.",
  arguments: { model: MODEL_ARGUMENT },
  groups: {
    Conversation: { ...CHAT_OPTIONS, ...OUTPUT_OPTIONS },
    Sampling: SAMPLING_OPTIONS,
    Model: { ...ENGINE_OPTIONS, ...CACHE_OPTIONS },
  },
  examples: ["turnwise chat model.gguf", 'turnwise chat model.gguf --system "Answer in one sentence."'],
  run: async ({ arguments: { model: given }, options }, context) => {
    const model = await resolveModel(given, options.cacheDir, context);
    return withEngine(toEngineOptions(model, options), context, async (engine) => {
      if (!engine.model.hasChatTemplate) fail("template_missing");
      const loop = new ChatLoop(engine, context.terminal, {
        system: options.system,
        sampling: toSampling(options),
        ...(options.maxTokens === null ? {} : { maxTokens: options.maxTokens }),
        ...(options.stop === null ? {} : { stop: options.stop }),
      });
      await loop.run();
      return EXIT_CODES.ok;
    });
  },
});
