/** The fields that chat and text completions share: how tokens are chosen, when output ends, streaming. */

import { z } from "zod";
import { MIN_REPETITION_PENALTY } from "../../engine/sampling-settings.ts";
import { honoured, inert, refused } from "./field-table.ts";
import type { FieldTable } from "./field-table.ts";

/** Each one costs a comparison per character of output; OpenAI allows 4. */
const MAX_STOP_STRINGS = 16;
/** Output is held back while it may still become a stop string. */
const MAX_STOP_CHARACTERS = 500;
/** Entries are applied to the logits of every token. */
const MAX_LOGIT_BIASES = 1024;
/** Token counts are int32 in the engine. */
const MAX_COUNT = 2 ** 31 - 1;
/** OpenAI's limit. */
const MAX_CHOICES = 128;
/** The most alternatives a log-probability may list; OpenAI's limit for chat. */
export const MAX_TOP_LOGPROBS = 20;

const stopString = z.string().min(1).max(MAX_STOP_CHARACTERS);

const stopStrings = z
  .union([stopString, z.array(stopString).max(MAX_STOP_STRINGS)], {
    error: "expected a string or an array of strings",
  })
  .transform((stop) => (typeof stop === "string" ? [stop] : stop));

const logitBias = z
  .record(z.string().regex(/^\d{1,10}$/, "expected token ids as keys"), z.number().min(-100).max(100))
  .refine((bias) => Object.keys(bias).length <= MAX_LOGIT_BIASES, `expected at most ${MAX_LOGIT_BIASES} entries`)
  .transform((bias) => new Map(Object.entries(bias).map(([token, value]) => [Number(token), value])));

/** At least one token of output. */
export const outputTokens = z.int().min(1).max(MAX_COUNT);

/** A day: a turn that may take longer has no deadline. */
const MAX_DEADLINE_SECONDS = 86_400;
/** Longer keys than any hash or path. */
const MAX_CACHE_KEY_CHARACTERS = 256;

export const SAMPLING_FIELDS = {
  model: honoured(z.string().optional(), "A served id; absent: the served model"),
  temperature: honoured(z.number().min(0).max(2).optional(), "0 to 2, default 1; 0 is greedy"),
  top_p: honoured(z.number().gt(0).max(1).optional(), "above 0, to 1; default 1"),
  top_k: honoured(z.int().min(-1).max(1_000_000).optional(), "0 or -1, the default: off"),
  min_p: honoured(z.number().min(0).max(1).optional(), "0 to 1, default 0"),
  repetition_penalty: honoured(
    z.number().min(MIN_REPETITION_PENALTY).max(2).optional(),
    `${MIN_REPETITION_PENALTY} to 2, default 1`,
  ),
  presence_penalty: honoured(z.number().min(-2).max(2).optional(), "-2 to 2, default 0"),
  frequency_penalty: honoured(z.number().min(-2).max(2).optional(), "-2 to 2, default 0"),
  logit_bias: honoured(logitBias.optional(), `token id to -100..100, at most ${MAX_LOGIT_BIASES}`),
  seed: honoured(
    z
      .int()
      .transform((seed) => BigInt.asUintN(64, BigInt(seed)))
      .optional(),
    "Same request and seed, same answer; absent: random",
  ),
  n: honoured(z.int().min(1).max(MAX_CHOICES).optional(), `1 to ${MAX_CHOICES}; choice i draws with seed + i`),
  stop: honoured(
    stopStrings.optional(),
    `A string or up to ${MAX_STOP_STRINGS}, each up to ${MAX_STOP_CHARACTERS} characters; not part of the output`,
  ),
  min_tokens: honoured(
    z.int().min(0).max(MAX_COUNT).optional(),
    "The model cannot end before so many tokens; default 0",
  ),
  ignore_eos: honoured(z.boolean().optional(), "The model's end token does not end the output; default false"),
  skip_special_tokens: honoured(z.boolean().optional(), "false: special tokens show in the text; default true"),
  stream: honoured(z.boolean().optional(), "Server-sent events"),
  stream_options: honoured(
    z.looseObject({ include_usage: z.boolean().nullish() }).optional(),
    "include_usage: a last chunk with the usage; needs stream",
  ),

  deadline_s: honoured(
    z.number().gt(0).max(MAX_DEADLINE_SECONDS).optional(),
    "The turn has so many seconds to end: of your requests the first due goes first, and one that cannot end in time fails early",
  ),
  prompt_cache_key: honoured(
    z.string().max(MAX_CACHE_KEY_CHARACTERS).optional(),
    "Keeps a part of your prompt cache apart: only requests with the same key share it",
  ),

  user: inert("Names the end user"),
  metadata: inert("Labels for OpenAI's dashboard"),
  store: inert("Nothing is stored"),
  service_tier: inert("There is one tier"),
  priority: inert("Keys have priorities; of one tenant's requests deadline_s says which goes first"),
  request_id: inert("Send an x-request-id header"),
  cache_prompt: inert("Prompt caching does not change answers"),
  id_slot: inert("There are no slots"),
  prompt_cache_retention: inert("Prompt caching does not change answers"),

  n_predict: refused("Use max_tokens."),
  stop_token_ids: refused("Use stop.", []),
  include_stop_str_in_output: refused("Stop strings are cut off.", false),
  bad_words: refused("Use logit_bias.", []),
  allowed_token_ids: refused("Use logit_bias.", []),
  best_of: refused("Use n and choose.", 1),
  use_beam_search: refused("Beam search does not exist here.", false),
  length_penalty: refused("It belongs to beam search.", 1),
  typical_p: refused("Use top_p or min_p.", 1),
  mirostat: refused("Use temperature and min_p.", 0),
  dry_multiplier: refused("Use frequency_penalty.", 0),
  xtc_probability: refused("Use temperature.", 0),
  truncate_prompt_tokens: refused("Shorten the prompt yourself: it is never cut silently."),
  prompt_logprobs: refused("Log-probabilities are given for the output only."),
  structured_outputs: refused("Use response_format, guided_json, guided_regex, guided_choice or grammar."),
} as const satisfies FieldTable;
