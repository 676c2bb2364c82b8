/** Options of every command that loads a model into an engine. */

import type { OptionTable, OptionValues } from "../../base/option-table.ts";
import { THREAD_WORDS } from "../../base/thread-placement.ts";
import { ENGINE_LIMITS } from "../../engine/engine-limits.ts";
import type { EngineOptions, WaitingOptions } from "../../engine/types.ts";
import { LOAD_QUANTS } from "../../models/load-quants.ts";
import { readTextFile } from "../read-text-file.ts";
import type { CACHE_OPTIONS } from "./cache-options.ts";
import { rangeOf } from "./range-of.ts";
import { toWeightCache, WEIGHT_CACHE_OPTIONS } from "./weight-cache-options.ts";

export const ENGINE_OPTIONS = {
  ctx: {
    type: { kind: "integer", ...rangeOf(ENGINE_LIMITS.contextTokens) },
    default: null,
    env: "TURNWISE_CTX",
    help: "Tokens of context; by default the model's own limit",
  },
  threads: {
    type: { kind: "integer", ...rangeOf(ENGINE_LIMITS.threads), words: THREAD_WORDS },
    default: "auto",
    env: "TURNWISE_THREADS",
    help: "Threads that compute; auto is one for each core this process may use, node for each of one NUMA node",
  },
  "kv-type": {
    type: { kind: "choice", choices: ["auto", "f32", "f16", "int8"] },
    default: "auto",
    env: "TURNWISE_KV_TYPE",
    help: "Storage of the KV cache; auto is f32 for f32 models, else int8, or f16 where keys have outliers",
  },
  quant: {
    type: { kind: "choice", choices: ["none", ...LOAD_QUANTS] },
    default: "none",
    env: "TURNWISE_QUANT",
    help: "Round the weights of an F32, F16 or BF16 model while it loads",
  },
  "kv-memory": {
    type: { kind: "bytes" },
    default: null,
    env: "TURNWISE_KV_MEMORY",
    help: "Memory of the KV cache; by default 8 full contexts or 40 % of what is free, the smaller",
  },
  backend: {
    type: { kind: "choice", choices: ["auto", "native", "interpreter"] },
    default: "auto",
    env: "TURNWISE_BACKEND",
    help: "What computes; auto is native where it loads, else the (slow) interpreter",
  },
  "chat-template": {
    type: { kind: "string", placeholder: "FILE" },
    default: null,
    env: "TURNWISE_CHAT_TEMPLATE",
    help: "A Jinja file to use instead of the model's chat template",
  },
  ...WEIGHT_CACHE_OPTIONS,
} as const satisfies OptionTable;

/** Options of the commands that serve many requests at once. */
export const BATCH_OPTIONS = {
  "max-sequences": {
    type: { kind: "integer", ...rangeOf(ENGINE_LIMITS.maxSequences) },
    default: null,
    env: "TURNWISE_MAX_SEQUENCES",
    help: `Sequences that run at once, more wait; by default ${ENGINE_LIMITS.maxSequences.default}`,
  },
  "max-waiting": {
    type: { kind: "integer", ...rangeOf(ENGINE_LIMITS.maxWaiting) },
    default: null,
    env: "TURNWISE_MAX_WAITING",
    help: `Answers (n of a request) that may wait, more are refused with 429; by default ${ENGINE_LIMITS.maxWaiting.default}`,
    reload: true,
  },
  "max-waiting-tokens": {
    type: { kind: "integer", ...rangeOf(ENGINE_LIMITS.maxWaitingTokens) },
    default: null,
    env: "TURNWISE_MAX_WAITING_TOKENS",
    help: `Tokens of the prompts that may wait, more are refused with 429; by default ${ENGINE_LIMITS.maxWaitingTokens.default}`,
    reload: true,
  },
  "max-unread-tokens": {
    type: { kind: "integer", ...rangeOf(ENGINE_LIMITS.maxUnreadTokens) },
    default: null,
    env: "TURNWISE_MAX_UNREAD_TOKENS",
    help: `Tokens by which a reader may be behind before its answer is parked; by default ${ENGINE_LIMITS.maxUnreadTokens.default}`,
  },
  "park-timeout": {
    type: { kind: "duration" },
    default: null,
    env: "TURNWISE_PARK_TIMEOUT",
    help: `An answer that is parked so long is cancelled; by default ${ENGINE_LIMITS.parkTimeoutMs.default / 1000}s`,
  },
  "max-step-tokens": {
    type: { kind: "integer", ...rangeOf(ENGINE_LIMITS.maxStepTokens) },
    default: null,
    env: "TURNWISE_MAX_STEP_TOKENS",
    help: `Tokens that one step computes, prompts and answers together; by default ${ENGINE_LIMITS.maxStepTokens.default}`,
  },
  "max-stall-ms": {
    type: { kind: "number", ...rangeOf(ENGINE_LIMITS.maxStallMs) },
    default: null,
    env: "TURNWISE_MAX_STALL_MS",
    help: `Milliseconds that prompts may add to a step in which answers are running; by default ${ENGINE_LIMITS.maxStallMs.default}`,
  },
  "min-prefill-share": {
    type: { kind: "number", ...rangeOf(ENGINE_LIMITS.minPrefillShare) },
    default: null,
    env: "TURNWISE_MIN_PREFILL_SHARE",
    help: `Share of such a step that prompts get in any case; by default ${ENGINE_LIMITS.minPrefillShare.default}`,
  },
} as const satisfies OptionTable;

export type EngineValues = OptionValues<typeof ENGINE_OPTIONS & typeof CACHE_OPTIONS>;
export type BatchValues = OptionValues<typeof BATCH_OPTIONS>;

const NO_BATCH: BatchValues = {
  maxSequences: null,
  maxWaiting: null,
  maxWaitingTokens: null,
  maxUnreadTokens: null,
  parkTimeout: null,
  maxStepTokens: null,
  maxStallMs: null,
  minPrefillShare: null,
};

/** The engine's options; what was not given is left out, so that the engine's own defaults hold. Reads the template's file. */
export function toEngineOptions(
  model: string,
  values: EngineValues,
  batch: BatchValues = NO_BATCH,
): Omit<EngineOptions, "onProgress"> {
  return {
    model,
    kvType: values.kvType,
    quant: values.quant,
    backend: values.backend,
    threads: values.threads,
    weightCache: toWeightCache(values),
    ...(values.ctx === null ? {} : { contextTokens: values.ctx }),
    ...(values.kvMemory === null ? {} : { kvMemoryBytes: values.kvMemory }),
    ...(values.chatTemplate === null ? {} : { chatTemplate: readTextFile(values.chatTemplate) }),
    ...(batch.maxSequences === null ? {} : { maxSequences: batch.maxSequences }),
    ...toWaitingLimits(batch),
    ...(batch.maxUnreadTokens === null ? {} : { maxUnreadTokens: batch.maxUnreadTokens }),
    ...(batch.parkTimeout === null ? {} : { parkTimeoutMs: batch.parkTimeout }),
    ...(batch.maxStepTokens === null ? {} : { maxStepTokens: batch.maxStepTokens }),
    ...(batch.maxStallMs === null ? {} : { maxStallMs: batch.maxStallMs }),
    ...(batch.minPrefillShare === null ? {} : { minPrefillShare: batch.minPrefillShare }),
  };
}

/** Those of the engine's options that a running one takes. */
export function toWaitingLimits({ maxWaiting, maxWaitingTokens }: BatchValues): WaitingOptions {
  return {
    ...(maxWaiting === null ? {} : { maxWaiting }),
    ...(maxWaitingTokens === null ? {} : { maxWaitingTokens }),
  };
}

/** Names of engine options as a user of the command line gave them, for messages. */
export const FLAG_OF_ENGINE_OPTION: Readonly<Record<string, string>> = {
  contextTokens: "--ctx",
  kvMemoryBytes: "--kv-memory",
  kvType: "--kv-type",
  quant: "--quant",
  maxStepTokens: "--max-step-tokens",
  maxSequences: "--max-sequences",
  maxStallMs: "--max-stall-ms",
  maxWaiting: "--max-waiting",
  maxWaitingTokens: "--max-waiting-tokens",
  maxUnreadTokens: "--max-unread-tokens",
  parkTimeoutMs: "--park-timeout",
  minPrefillShare: "--min-prefill-share",
  threads: "--threads",
  backend: "--backend",
  weightCache: "--weight-cache-max",
};
