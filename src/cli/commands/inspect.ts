/** `turnwise inspect`: what is in a model file, and how it would run. */

import type { OptionTable } from "../../base/option-table.ts";
import { DUMP_NAMES } from "../../compile/compile-model.ts";
import { requirePassName } from "../../compile/passes.ts";
import { EXIT_CODES, defineCommand } from "../command.ts";
import { fileReportJson, openInspected } from "../inspect/file-report.ts";
import { compileSource } from "../inspect/program-report.ts";
import { renderFileReport } from "../inspect/render-file-report.ts";
import { CACHE_OPTIONS } from "../options/cache-options.ts";
import { MODEL_ARGUMENT, resolveModel } from "../resolve-model.ts";
import { writeJson, writeText } from "../terminal.ts";

const INSPECT_OPTIONS = {
  dump: {
    type: { kind: "string", placeholder: "PASS" },
    default: null,
    env: null,
    help: "Print the model after a pass of the compiler instead",
  },
  json: { type: { kind: "boolean" }, default: false, env: null, help: "Print one JSON object" },
} as const satisfies OptionTable;

export const INSPECT = defineCommand({
  name: "inspect",
  summary: "Show what is in a model file and what running it takes",
  details:
    "Prints metadata, tensors, the program, the cost of a token and the memory; also for files that cannot\n" +
    `run, saying why. Passes, in order: ${DUMP_NAMES.join(", ")}.`,
  arguments: { model: MODEL_ARGUMENT },
  groups: { Output: INSPECT_OPTIONS, Model: CACHE_OPTIONS },
  examples: ["turnwise inspect model.gguf", "turnwise inspect model.gguf --dump program"],
  run: async ({ arguments: { model: given }, options }, context) => {
    const { stdout } = context.terminal;
    if (options.dump !== null) requirePassName(options.dump, DUMP_NAMES);
    const model = openInspected(await resolveModel(given, options.cacheDir, context));
    try {
      if (options.dump !== null) await writeText(stdout, compileSource(model.source).dump(options.dump));
      else if (options.json) await writeJson(stdout, fileReportJson(model.report()));
      else await writeText(stdout, renderFileReport(model.report()));
      return EXIT_CODES.ok;
    } finally {
      model.source.dispose();
    }
  },
});
