/** `turnwise synth`: a model file of random weights in the shape of a known model. */

import { statSync } from "node:fs";
import { formatBytes } from "../../base/bytes.ts";
import { EXIT_CODES, defineCommand } from "../command.ts";
import { SYNTHETIC_HELP, parseSyntheticModel, writeSyntheticModel } from "../synthetic-model.ts";
import { writeLine } from "../terminal.ts";

export const SYNTH = defineCommand({
  name: "synth",
  summary: "Write a model of random weights in the shape of a known model",
  details:
    "For measurements: such a file is as fast as the real model, and other programs that read GGUF load it\n" +
    "too. Its text means nothing.",
  arguments: {
    model: { required: true, help: `SHAPE:QUANT. ${SYNTHETIC_HELP}` },
    file: { required: true, help: "The GGUF file to write" },
  },
  groups: {},
  examples: ["turnwise synth llama-3.2-1b:q4_0 llama-1b-random.gguf"],
  run: async ({ arguments: { model: name, file } }, context) => {
    const model = parseSyntheticModel("MODEL", name);
    writeSyntheticModel(file, model, context);
    await writeLine(
      context.terminal.stderr,
      `${file}: ${model.shape}, ${model.quant}, ${formatBytes(statSync(file).size)} of random weights`,
    );
    return EXIT_CODES.ok;
  },
});
