/** Options of the commands that generate text: how tokens are chosen and when the output ends. */

import type { OptionTable, OptionValues } from "../../base/option-table.ts";
import { SAMPLING_RANGES } from "../../engine/sampling-settings.ts";
import type { SamplingSettings } from "../../engine/types.ts";
import { rangeOf } from "./range-of.ts";

export const SAMPLING_OPTIONS = {
  temperature: {
    type: { kind: "number", ...rangeOf(SAMPLING_RANGES.temperature) },
    default: 0.8,
    env: null,
    help: "Randomness; 0 always takes the most probable token",
  },
  "top-k": {
    type: { kind: "integer", ...rangeOf(SAMPLING_RANGES.topK) },
    default: 40,
    env: null,
    help: "Choose among the K most probable tokens; 0 is off",
  },
  "top-p": {
    type: { kind: "number", ...rangeOf(SAMPLING_RANGES.topP) },
    default: 0.95,
    env: null,
    help: "Choose among the most probable tokens that make up this share; 1 is off",
  },
  "min-p": {
    type: { kind: "number", ...rangeOf(SAMPLING_RANGES.minP) },
    default: 0,
    env: null,
    help: "Leave out tokens below this share of the most probable one; 0 is off",
  },
  "repetition-penalty": {
    type: { kind: "number", ...rangeOf(SAMPLING_RANGES.repetitionPenalty) },
    default: 1,
    env: null,
    help: "Above 1, tokens of prompt and output become less probable; 1 is off",
  },
  seed: {
    type: { kind: "integer", min: 0, max: Number.MAX_SAFE_INTEGER },
    default: null,
    env: null,
    help: "Same seed, same output; by default a new one each time",
  },
} as const satisfies OptionTable;

export const OUTPUT_OPTIONS = {
  "max-tokens": {
    type: { kind: "integer", min: 1, max: Number.MAX_SAFE_INTEGER },
    default: null,
    env: null,
    help: "Longest output in tokens; by default what is left of the context",
  },
  stop: {
    type: { kind: "strings", placeholder: "TEXT" },
    default: null,
    env: null,
    help: "The output ends before this text",
  },
} as const satisfies OptionTable;

export function toSampling(values: OptionValues<typeof SAMPLING_OPTIONS>): Partial<SamplingSettings> {
  return {
    temperature: values.temperature,
    topK: values.topK,
    topP: values.topP,
    minP: values.minP,
    repetitionPenalty: values.repetitionPenalty,
    seed: values.seed === null ? null : BigInt(values.seed),
  };
}
