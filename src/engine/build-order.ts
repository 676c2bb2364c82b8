/** From a request to an order: every default filled in, every value checked. */

import { fail } from "../base/errors.ts";
import { at } from "../base/invariant.ts";
import {
  DEFAULT_TENANT,
  type GenerationOrder,
  GREEDY_ORDER,
  type OrderGrammar,
  type ScoreOrder,
} from "./step/order.ts";
import { checkLimits, resolveSampling } from "./sampling-settings.ts";
import type { GenerateRequest, RequestTenant } from "./types.ts";

/** Of a tenant: beyond that a tenant has nearly all, or nearly nothing. */
export const MIN_WEIGHT = 0.01;
export const MAX_WEIGHT = 100;

export interface OrderLimits {
  readonly vocabSize: number;
  readonly contextTokens: number;
}

/** Checks all of a request that does not depend on its prompt, so that a bad one fails before tokenising. */
export function checkRequest(request: GenerateRequest, { vocabSize }: OrderLimits): void {
  checkLimits(request);
  resolveSampling(request.sampling, vocabSize);
  resolveTenant(request.tenant);
  if (request.toolCalls === undefined || request.responseFormat === undefined) return;
  const problem = "cannot be given together with responseFormat; a format of answers without calls is its `answer`";
  fail("request_invalid", { field: "toolCalls", problem });
}

/**
 * The order of `request`, whose prompt is `prompt`. Throws `request_invalid`, `token_out_of_range`,
 * `prompt_empty` and `context_length_exceeded`.
 */
export function buildGenerationOrder(
  id: number,
  request: GenerateRequest,
  prompt: Int32Array,
  limits: OrderLimits,
  grammar: OrderGrammar | null,
): GenerationOrder {
  checkLimits(request);
  const tenant = resolveTenant(request.tenant);
  const choices = request.choices ?? 1;
  const maxTokens = resolveMaxTokens(request.maxTokens, prompt.length, choices, limits.contextTokens, tenant);
  // Only now: one that is too long may have any number of them.
  checkTokens(prompt, limits.vocabSize);
  const minTokens = request.minTokens ?? 0;
  if (minTokens > maxTokens) {
    fail("request_invalid", {
      field: "minTokens",
      problem: `is ${minTokens}, but only ${maxTokens} tokens may be generated`,
    });
  }
  const { seed, logitBias, ...sampling } = resolveSampling(request.sampling, limits.vocabSize);
  return {
    kind: "generate",
    id,
    tenant,
    cacheKey: request.cacheKey ?? "",
    deadlineMs: request.deadlineMs ?? Infinity,
    prompt,
    choices,
    maxTokens,
    minTokens,
    ignoreEos: request.ignoreEos ?? false,
    stop: request.stop ?? [],
    keepSpecial: request.keepSpecial ?? false,
    publish: false,
    logprobs: request.logprobs ?? -1,
    sampling,
    grammar,
    seed: BigInt.asUintN(64, seed ?? randomSeed()),
    biasTokens: Int32Array.from(logitBias.keys()),
    biasValues: Float32Array.from(logitBias.values()),
  };
}

/** Computes `prompt` and publishes it. Throws `token_out_of_range`, `prompt_empty` and `context_length_exceeded`. */
export function buildPublishOrder(id: number, prompt: Int32Array, limits: OrderLimits): GenerationOrder {
  checkTokens(prompt, limits.vocabSize);
  checkContext(prompt.length, 1, limits.contextTokens);
  return { ...GREEDY_ORDER, id, prompt, maxTokens: 1, ignoreEos: true, publish: true };
}

/** Throws `request_invalid`, `token_out_of_range`, `prompt_empty` and `context_length_exceeded`. */
export function buildScoreOrder(id: number, tokens: Int32Array, from: number, limits: OrderLimits): ScoreOrder {
  checkTokens(tokens, limits.vocabSize);
  if (!Number.isInteger(from) || from < 1 || from >= tokens.length) {
    fail("request_invalid", {
      field: "from",
      problem: `must be an integer from 1 to ${tokens.length - 1}, not ${from}`,
    });
  }
  checkContext(tokens.length, 0, limits.contextTokens);
  return { kind: "score", id, tenant: DEFAULT_TENANT, cacheKey: "", deadlineMs: Infinity, tokens, from };
}

function resolveTenant(given: RequestTenant | undefined): Required<RequestTenant> {
  const tenant = { ...DEFAULT_TENANT, ...given };
  const { weight, priority, kvShare } = tenant;
  if (!(weight >= MIN_WEIGHT && weight <= MAX_WEIGHT)) {
    failTenant("weight", `must be from ${MIN_WEIGHT} to ${MAX_WEIGHT}`, weight);
  }
  if (!Number.isFinite(priority)) failTenant("priority", "must be a finite number", priority);
  if (!(kvShare > 0 && kvShare <= 1)) failTenant("kvShare", "must be above 0 and at most 1", kvShare);
  for (const name of ["maxWaiting", "maxWaitingTokens", "maxTurnTokens"] as const) {
    if (!(tenant[name] >= 0)) failTenant(name, "must be 0 or more", tenant[name]);
  }
  return tenant;
}

function failTenant(name: keyof RequestTenant, problem: string, value: number): never {
  fail("request_invalid", { field: `tenant.${name}`, problem: `${problem}, not ${value}` });
}

/** Of each choice. The context has to hold one of them, the tenant's limit is of all. */
function resolveMaxTokens(
  asked: number | undefined,
  promptTokens: number,
  choices: number,
  contextTokens: number,
  { name, maxTurnTokens: limit }: Required<RequestTenant>,
): number {
  const spare = Math.min(contextTokens - promptTokens, Math.floor((limit - promptTokens) / choices));
  const outputTokens = asked ?? Math.max(1, spare);
  checkContext(promptTokens, outputTokens, contextTokens);
  const allOutputTokens = choices * outputTokens;
  const totalTokens = promptTokens + allOutputTokens;
  if (totalTokens > limit) {
    fail("tenant_turn_too_long", { tenant: name, limit, totalTokens, promptTokens, outputTokens: allOutputTokens });
  }
  return outputTokens;
}

function checkContext(promptTokens: number, outputTokens: number, contextTokens: number): void {
  const totalTokens = promptTokens + outputTokens;
  if (totalTokens <= contextTokens) return;
  fail("context_length_exceeded", { contextTokens, totalTokens, promptTokens, outputTokens });
}

function checkTokens(tokens: Int32Array, vocabSize: number): void {
  if (tokens.length === 0) fail("prompt_empty");
  for (const token of tokens) if (token < 0 || token >= vocabSize) fail("token_out_of_range", { token, vocabSize });
}

function randomSeed(): bigint {
  return at(crypto.getRandomValues(new BigUint64Array(1)), 0);
}
