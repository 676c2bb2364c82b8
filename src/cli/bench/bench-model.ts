/** The model of a measurement: a file, or random weights of a shape. */

import { fail } from "../../base/errors.ts";
import type { OptionTable } from "../../base/option-table.ts";
import type { CommandContext } from "../command.ts";
import { resolveModel } from "../resolve-model.ts";
import { keptSyntheticModel, parseSyntheticModel } from "../synthetic-model.ts";

const DEFAULT_SYNTHETIC = "llama-3.2-1b:q4_0";

export const BENCH_MODEL_OPTIONS = {
  synthetic: {
    type: { kind: "string", placeholder: "SHAPE:QUANT" },
    default: null,
    env: null,
    help: `Measure random weights, kept in the cache directory; by default ${DEFAULT_SYNTHETIC}`,
  },
} as const satisfies OptionTable;

/** Its path. Throws what is wrong with its name, or `invalid_option` where both are given. */
export async function benchModel(
  given: string | null,
  { synthetic, cacheDir }: { readonly synthetic: string | null; readonly cacheDir: string | null },
  context: CommandContext,
): Promise<string> {
  if (given === null) {
    return keptSyntheticModel(parseSyntheticModel("--synthetic", synthetic ?? DEFAULT_SYNTHETIC), cacheDir, context);
  }
  if (synthetic === null) return resolveModel(given, cacheDir, context);
  return fail("invalid_option", {
    option: "--synthetic",
    problem: "it takes the place of MODEL; give one of the two.",
  });
}
