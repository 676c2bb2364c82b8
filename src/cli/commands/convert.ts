/** `turnwise convert`: a model in another format or with other weights, written to disk. */

import { statSync } from "node:fs";
import { formatBytes } from "../../base/bytes.ts";
import { fail } from "../../base/errors.ts";
import { openFileSource } from "../../formats/file-source.ts";
import { readGguf } from "../../formats/gguf/read.ts";
import { writeGguf } from "../../formats/gguf/write.ts";
import { CONVERT_QUANTS, type ConvertQuant } from "../../models/convert/convert-quant.ts";
import { ggufContents } from "../../models/convert/gguf-contents.ts";
import { writeModelDirectory } from "../../models/convert/write-directory.ts";
import { ggufSource } from "../../models/gguf/gguf-source.ts";
import { isModelDirectory } from "../../models/is-model-directory.ts";
import { openModel } from "../../models/open-model.ts";
import { EXIT_CODES, defineCommand } from "../command.ts";
import { CACHE_OPTIONS } from "../options/cache-options.ts";
import { createProgress } from "../progress.ts";
import { REQUIRED_MODEL_ARGUMENT, resolveModel } from "../resolve-model.ts";
import { writeLine } from "../terminal.ts";

export const CONVERT = defineCommand({
  name: "convert",
  summary: "Write a model as a GGUF file or as a Hugging Face directory, as it is or with fewer bits",
  details:
    "A name that ends in .gguf is a file that llama.cpp loads too; any other is a directory, and then MODEL must\n" +
    "be one. Rounding is to nearest, as --quant rounds at load; a directory takes compressed-tensors' form.",
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
        help: "How matrices are stored; none keeps them as they are",
      },
    },
    Model: CACHE_OPTIONS,
  },
  examples: [
    "turnwise convert ./my-model my-model.gguf --quant bf16",
    "turnwise convert ./my-model my-model-q8.gguf --quant q8",
    "turnwise convert ./my-model my-model-int4 --quant q4-g128",
  ],
  run: async ({ arguments: { model, target }, options }, context) => {
    const path = await resolveModel(model, options.cacheDir, context);
    const progress = createProgress(context.terminal.stderr);
    const onProgress = (fraction: number): void => progress.update(`writing ${target}`, fraction);
    try {
      if (target.endsWith(".gguf")) convertToGguf(path, target, options.quant, onProgress);
      else convertToDirectory(path, target, options.quant, onProgress);
    } finally {
      progress.done();
    }
    const size = target.endsWith(".gguf") ? `: ${formatBytes(statSync(target).size)}` : "";
    await writeLine(context.terminal.stderr, `wrote ${target}${size}`);
    return EXIT_CODES.ok;
  },
});

type OnProgress = (fraction: number) => void;

function convertToGguf(path: string, target: string, quant: ConvertQuant, onProgress: OnProgress): void {
  const file = isModelDirectory(path) ? null : readGguf(path, openFileSource);
  const source = file === null ? openModel(path, openFileSource) : ggufSource(file);
  try {
    writeGguf(target, ggufContents(source, file, quant), onProgress);
  } finally {
    source.dispose();
  }
}

function convertToDirectory(path: string, target: string, quant: ConvertQuant, onProgress: OnProgress): void {
  if (!isModelDirectory(path)) {
    fail("invalid_option", {
      option: "TARGET",
      problem: "only a Hugging Face directory can be written as one; name a .gguf file.",
    });
  }
  const source = openModel(path, openFileSource);
  try {
    writeModelDirectory(source, target, quant, onProgress);
  } finally {
    source.dispose();
  }
}
