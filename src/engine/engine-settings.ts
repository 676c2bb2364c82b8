/** `EngineOptions` checked and with every default that does not depend on the file. */

import { fail } from "../base/errors.ts";
import type { KvType } from "../base/dtypes.ts";
import { placeThreads, type ThreadPlacement, type ThreadWord, THREAD_WORDS } from "../base/thread-placement.ts";
import { LOAD_QUANTS, type LoadQuant } from "../models/load-quants.ts";
import { ENGINE_LIMITS, type EngineLimitName } from "./engine-limits.ts";
import type { WaitingOptions } from "./types.ts";
import type { PlainEngineOptions } from "./threads/step-messages.ts";
import { resolveWeightCache, type WeightCacheSettings } from "./weight-cache-settings.ts";

const KV_TYPES: readonly string[] = ["auto", "f32", "f16", "int8"] satisfies (KvType | "auto")[];
const QUANTS: readonly string[] = ["none", ...LOAD_QUANTS];
const BACKENDS: readonly string[] = ["auto", "native", "interpreter"];

export interface WaitingLimits {
  readonly maxWaiting: number;
  readonly maxWaitingTokens: number;
}

export interface EngineSettings extends WaitingLimits, ThreadPlacement {
  readonly model: string;
  /** Null: the model's own, or what memory allows. */
  readonly contextTokens: number | null;
  readonly kvType: KvType | "auto";
  readonly quant: LoadQuant | "none";
  readonly kvMemoryBytes: number | null;
  readonly maxStepTokens: number;
  readonly maxSequences: number;
  readonly maxUnreadTokens: number;
  readonly parkTimeoutMs: number;
  readonly maxStallMs: number;
  readonly minPrefillShare: number;
  readonly backend: "auto" | "native" | "interpreter";
  /** Null: none. */
  readonly weightCache: WeightCacheSettings | null;
}

/** Throws `invalid_option`. */
export function resolveSettings(options: PlainEngineOptions): EngineSettings {
  const { model, kvType = "auto", quant = "none", backend = "auto" } = options;
  if (typeof model !== "string" || model === "") fail("invalid_option", { option: "model", problem: "must be a path" });
  checkChoice("kvType", kvType, KV_TYPES);
  checkChoice("quant", quant, QUANTS);
  checkChoice("backend", backend, BACKENDS);
  return {
    model,
    kvType,
    quant,
    backend,
    weightCache: resolveWeightCache(options.weightCache),
    contextTokens: integer("contextTokens", options.contextTokens) ?? null,
    ...placeThreads(threadChoice(options.threads)),
    kvMemoryBytes: integer("kvMemoryBytes", options.kvMemoryBytes) ?? null,
    maxStepTokens: integer("maxStepTokens", options.maxStepTokens) ?? ENGINE_LIMITS.maxStepTokens.default,
    maxSequences: integer("maxSequences", options.maxSequences) ?? ENGINE_LIMITS.maxSequences.default,
    ...resolveWaiting(options),
    maxUnreadTokens: integer("maxUnreadTokens", options.maxUnreadTokens) ?? ENGINE_LIMITS.maxUnreadTokens.default,
    parkTimeoutMs: number("parkTimeoutMs", options.parkTimeoutMs) ?? ENGINE_LIMITS.parkTimeoutMs.default,
    maxStallMs: number("maxStallMs", options.maxStallMs) ?? ENGINE_LIMITS.maxStallMs.default,
    minPrefillShare: number("minPrefillShare", options.minPrefillShare) ?? ENGINE_LIMITS.minPrefillShare.default,
  };
}

function threadChoice(value: PlainEngineOptions["threads"]): number | ThreadWord {
  if (typeof value === "string") {
    checkChoice("threads", value, THREAD_WORDS);
    return value;
  }
  return integer("threads", value) ?? "auto";
}

/** Throws `invalid_option`. */
export function resolveWaiting({ maxWaiting, maxWaitingTokens }: WaitingOptions): WaitingLimits {
  return {
    maxWaiting: integer("maxWaiting", maxWaiting) ?? ENGINE_LIMITS.maxWaiting.default,
    maxWaitingTokens: integer("maxWaitingTokens", maxWaitingTokens) ?? ENGINE_LIMITS.maxWaitingTokens.default,
  };
}

function integer(option: EngineLimitName, value: number | undefined): number | undefined {
  const { min, max } = ENGINE_LIMITS[option];
  if (value === undefined) return undefined;
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  return fail("invalid_option", { option, problem: `must be an integer from ${min} to ${max}, not ${String(value)}` });
}

function number(option: EngineLimitName, value: number | undefined): number | undefined {
  const { min, max } = ENGINE_LIMITS[option];
  if (value === undefined || (value >= min && value <= max)) return value;
  return fail("invalid_option", { option, problem: `must be from ${min} to ${max}, not ${String(value)}` });
}

function checkChoice(option: string, value: string, choices: readonly string[]): void {
  if (choices.includes(value)) return;
  fail("invalid_option", { option, problem: `must be one of ${choices.join(", ")}, not ${value}` });
}
