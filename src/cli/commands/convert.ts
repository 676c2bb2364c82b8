/** `turnwise convert`: a model in another format or with other weights, written to disk. */

import { statSync } from "node:fs";
import { formatBytes } from "../../base/bytes.ts";
import { convertModel } from "../../models/convert/convert-model.ts";
import { CONVERT_QUANTS } from "../../models/convert/convert-quant.ts";
import { EXIT_CODES, defineCommand } from "../command.ts";
import { CACHE_OPTIONS } from "../options/cache-options.ts";
import { createProgress } from "../progress.ts";
import { REQUIRED_MODEL_ARGUMENT, resolveModel } from "../resolve-model.ts";
import { writeLine } from "../terminal.ts";

export const CONVERT = defineCommand({
  name: "convert",
  summary: "Write a model as a GGUF file or as a Hugging Face directory, as it is or with fewer bits",
  details:
    "A name that ends in .gguf is a file that llama.cpp loads too; any other is a directory in the form of transformers,\n" +
    "which a GGUF file becomes if its tokenizer is byte-level BPE. Matrices are rounded as --quant rounds them at load, to the\n" +
    "bit; a directory has them in compressed-tensors' form, and its embedding and head stay floats.",
  arguments: {
    model: REQUIRED_MODEL_ARGUMENT,
    target: { required: true, help: "FILE.gguf, or a directory that is made" },
  },
  groups: {
    Weights: {
      quant: {
        type: { kind: "choice", choices: CONVERT_QUANTS },
        default: "none",
        env: null,
        help: "How matrices are stored; none keeps them as they are, where the target has a form for them",
      },
    },
    Model: CACHE_OPTIONS,
  },
  examples: [
    "turnwise convert ./my-model my-model.gguf --quant bf16",
    "turnwise convert ./my-model my-model-q8.gguf --quant q8",
    "turnwise convert ./my-model my-model-int4 --quant q4-g128",
    "turnwise convert my-model-q8.gguf my-model-bf16 --quant bf16",
  ],
  run: async ({ arguments: { model, target }, options }, context) => {
    const path = await resolveModel(model, options.cacheDir, context);
    const progress = createProgress(context.terminal.stderr);
    const onProgress = (fraction: number): void => progress.update(`writing ${target}`, fraction);
    try {
      convertModel(path, target, options.quant, onProgress);
    } finally {
      progress.done();
    }
    const size = target.endsWith(".gguf") ? `: ${formatBytes(statSync(target).size)}` : "";
    await writeLine(context.terminal.stderr, `wrote ${target}${size}`);
    return EXIT_CODES.ok;
  },
});
