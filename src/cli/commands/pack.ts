/** `turnwise pack`: packs a model ahead of its first start, into the cache or into a folder of an image. */

import { resolve } from "node:path";
import { formatBytes } from "../../base/bytes.ts";
import type { OptionTable } from "../../base/option-table.ts";
import { placeThreads } from "../../base/thread-placement.ts";
import { packModel } from "../../engine/load/pack-model.ts";
import { EXIT_CODES, defineCommand } from "../command.ts";
import { CACHE_OPTIONS } from "../options/cache-options.ts";
import { ENGINE_OPTIONS } from "../options/engine-options.ts";
import { PACK_WRITING_OPTIONS, packFolderOf } from "../options/weight-cache-options.ts";
import { createProgress } from "../progress.ts";
import { REQUIRED_MODEL_ARGUMENT, resolveModel } from "../resolve-model.ts";
import { writeLine } from "../terminal.ts";

const PACK_OPTIONS = {
  output: {
    type: { kind: "string", placeholder: "FOLDER" },
    default: null,
    env: null,
    help: "Where to write a pack that may be moved to other machines; by default the cache of this one",
    short: "o",
  },
  isa: {
    type: { kind: "string", placeholder: "LEVEL" },
    default: null,
    env: null,
    help: "The level of the CPU that will use it; by default the best of this one",
  },
} as const satisfies OptionTable;

const MODEL_OPTIONS = {
  quant: ENGINE_OPTIONS.quant,
  threads: ENGINE_OPTIONS.threads,
  ...PACK_WRITING_OPTIONS,
  ...CACHE_OPTIONS,
} as const satisfies OptionTable;

export const PACK = defineCommand({
  name: "pack",
  summary: "Pack a model's weights ahead, so that its first start is fast",
  details:
    "A start finds a pack by what it was made from: the model, --quant and the CPU's layout. In an image, write\n" +
    "it with -o FOLDER and serve with --weight-cache-dir FOLDER --read-only-cache. The model's file is needed as\n" +
    "well; its name, where it lies and its time do not matter to such a pack. In the cache of this machine the least\n" +
    "recently used packs make room, within --weight-cache-max. Prints the path.",
  arguments: { model: REQUIRED_MODEL_ARGUMENT },
  groups: { Pack: PACK_OPTIONS, Model: MODEL_OPTIONS },
  examples: ["turnwise pack model.gguf", "turnwise pack model.gguf -o /packs --isa avx512-vnni"],
  run: async ({ arguments: { model: given }, options }, context) => {
    const { stdout, stderr, env } = context.terminal;
    const model = await resolveModel(given, options.cacheDir, context);
    const progress = createProgress(stderr);
    try {
      const { path, bytes, layout } = await packModel({
        model,
        quant: options.quant,
        isa: options.isa,
        maxBytes: options.output === null ? options.weightCacheMax : null,
        folder: options.output === null ? packFolderOf(options, env) : resolve(options.output),
        threads: placeThreads(options.threads).threads,
        onProgress: (phase, fraction) => progress.update(`${phase} the weights`, fraction),
      });
      progress.done();
      await writeLine(stderr, `${formatBytes(bytes)} in layout ${layout}`);
      await writeLine(stdout, path);
      return EXIT_CODES.ok;
    } finally {
      progress.done();
    }
  },
});
