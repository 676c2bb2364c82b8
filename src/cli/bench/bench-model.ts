/** The models of a measurement: files, or random weights of a shape. */

import { fail } from "../../base/errors.ts";
import type { OptionTable } from "../../base/option-table.ts";
import type { BenchModelOptions } from "../../bench/run-bench.ts";
import { LOAD_QUANTS } from "../../models/load-quants.ts";
import { RANDOM_SHAPES } from "../../models/random/random-shapes.ts";
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

/** What `--beside` names: MODEL or SHAPE:QUANT, each with "+ROUNDING" where `--quant` would round it. */
export async function benchModelsBeside(
  list: string | null,
  cacheDir: string | null,
  context: CommandContext,
): Promise<readonly BenchModelOptions[]> {
  const models: BenchModelOptions[] = [];
  for (const entry of list === null ? [] : list.split(",")) {
    const quant = LOAD_QUANTS.find((known) => entry.endsWith(`+${known}`));
    const name = quant === undefined ? entry : entry.slice(0, -quant.length - 1);
    if (name === "")
      fail("invalid_option", { option: "--beside", problem: `${JSON.stringify(entry)} names no model.` });
    const [shape = ""] = name.split(":");
    const model =
      shape in RANDOM_SHAPES && name.includes(":")
        ? await keptSyntheticModel(parseSyntheticModel("--beside", name), cacheDir, context)
        : await resolveModel(name, cacheDir, context);
    models.push({ model, ...(quant === undefined ? {} : { quant }) });
  }
  return models;
}
