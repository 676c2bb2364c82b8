/** Defaults and ranges of what a request may set; ranges are those of the OpenAI API and of vLLM. */

import { fail } from "../base/errors.ts";
import { MAX_TOP_LOGPROBS } from "../graph/executor.ts";
import { GREEDY, SAMPLER_SETTING_NAMES, type SamplerSetting } from "../graph/sampler-settings.ts";
import type { GenerateRequest, SamplingSettings } from "./types.ts";

export const DEFAULT_SAMPLING: SamplingSettings = { ...GREEDY, temperature: 1, logitBias: new Map(), seed: null };

/** Choices of one request; the API's own limit. */
export const MAX_CHOICES = 128;
/** Each is searched for in every piece of text; more is surely a mistake. */
export const MAX_STOP_STRINGS = 64;
export const MAX_STOP_STRING_CHARACTERS = 4096;
/** Bias entries are walked at every token. The API's own limit is 300; agents ban whole scripts. */
export const MAX_LOGIT_BIAS_ENTRIES = 4096;

/** A logit is divided by it in f32: far smaller ones would make it infinite, or be 0 themselves. */
export const MIN_REPETITION_PENALTY = 0.01;

interface Range {
  readonly min: number;
  readonly max: number;
  readonly above?: true;
  readonly integer?: true;
}

export const SAMPLING_RANGES = {
  temperature: { min: 0, max: 100 },
  topK: { min: 0, max: 2 ** 31 - 1, integer: true },
  topP: { min: 0, above: true, max: 1 },
  minP: { min: 0, max: 1 },
  repetitionPenalty: { min: MIN_REPETITION_PENALTY, max: 1000 },
  presencePenalty: { min: -2, max: 2 },
  frequencyPenalty: { min: -2, max: 2 },
} as const satisfies Record<SamplerSetting, Range>;

const SEED_MIN = -(2n ** 63n);
const SEED_MAX = 2n ** 64n - 1n;

/** The request's settings over the defaults; throws `request_invalid` naming the first that is wrong. */
export function resolveSampling(settings: Partial<SamplingSettings> | undefined, vocabSize: number): SamplingSettings {
  const resolved: SamplingSettings = { ...DEFAULT_SAMPLING, ...definedOnly(settings) };
  for (const field of SAMPLER_SETTING_NAMES) checkRange(field, resolved[field], SAMPLING_RANGES[field]);
  checkLogitBias(resolved.logitBias, vocabSize);
  const { seed } = resolved;
  if (seed !== null && (typeof seed !== "bigint" || seed < SEED_MIN || seed > SEED_MAX)) {
    fail("request_invalid", { field: "seed", problem: "must be an integer of at most 64 bits" });
  }
  return resolved;
}

/** Checks of a request's counts and strings; the prompt and the context are checked elsewhere. */
export function checkLimits(request: GenerateRequest): void {
  const { maxTokens, minTokens, choices, logprobs, stop, deadlineMs } = request;
  if (maxTokens !== undefined) checkRange("maxTokens", maxTokens, { min: 1, max: 2 ** 31 - 1, integer: true });
  if (minTokens !== undefined) checkRange("minTokens", minTokens, { min: 0, max: 2 ** 31 - 1, integer: true });
  if (choices !== undefined) checkRange("choices", choices, { min: 1, max: MAX_CHOICES, integer: true });
  if (logprobs !== undefined) checkRange("logprobs", logprobs, { min: 0, max: MAX_TOP_LOGPROBS, integer: true });
  if (maxTokens !== undefined && minTokens !== undefined && minTokens > maxTokens) {
    fail("request_invalid", { field: "minTokens", problem: `is ${minTokens}, above maxTokens ${maxTokens}` });
  }
  if (deadlineMs !== undefined && deadlineMs !== Infinity) checkRange("deadlineMs", deadlineMs, { min: 1, max: 1e9 });
  if (stop !== undefined) checkStop(stop);
}

function checkStop(stop: readonly string[]): void {
  if (stop.length > MAX_STOP_STRINGS) {
    fail("request_invalid", {
      field: "stop",
      problem: `has ${stop.length} strings, at most ${MAX_STOP_STRINGS} may be given`,
    });
  }
  for (const text of stop) {
    if (typeof text !== "string" || text.length === 0) {
      fail("request_invalid", { field: "stop", problem: "must hold strings that are not empty" });
    }
    if (text.length > MAX_STOP_STRING_CHARACTERS) {
      fail("request_invalid", {
        field: "stop",
        problem: `holds a string of ${text.length} characters, at most ${MAX_STOP_STRING_CHARACTERS} are allowed`,
      });
    }
  }
}

function checkLogitBias(bias: ReadonlyMap<number, number>, vocabSize: number): void {
  if (bias.size > MAX_LOGIT_BIAS_ENTRIES) {
    fail("request_invalid", {
      field: "logitBias",
      problem: `has ${bias.size} entries, at most ${MAX_LOGIT_BIAS_ENTRIES} may be given`,
    });
  }
  for (const [token, value] of bias) {
    if (!Number.isInteger(token) || token < 0 || token >= vocabSize) fail("token_out_of_range", { token, vocabSize });
    checkRange(`logitBias[${token}]`, value, { min: -100, max: 100 });
  }
}

function checkRange(field: string, value: number, range: Range): void {
  const inside =
    typeof value === "number" && value <= range.max && (range.above ? value > range.min : value >= range.min);
  if (inside && (range.integer !== true || Number.isInteger(value))) return;
  const what = range.integer === true ? "an integer" : "a number";
  const from = range.above ? `above ${range.min} and at most ${range.max}` : `from ${range.min} to ${range.max}`;
  fail("request_invalid", { field, problem: `must be ${what} ${from}, not ${String(value)}` });
}

/** Without the keys whose value is undefined, which would hide a default. */
function definedOnly(settings: Partial<SamplingSettings> | undefined): Partial<SamplingSettings> {
  return Object.fromEntries(Object.entries(settings ?? {}).filter(([, value]) => value !== undefined));
}
