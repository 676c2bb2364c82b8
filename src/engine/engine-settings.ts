/** `EngineOptions` checked and with every default that does not depend on the file. */

import { fail } from "../base/errors.ts";
import type { KvType } from "../base/dtypes.ts";
import { NATIVE_LIMITS } from "../base/native-limits.ts";
import { defaultThreads, readUsableCores } from "../base/usable-cores.ts";
import { LOAD_QUANTS, type LoadQuant } from "../models/load-quants.ts";
import type { WaitingOptions } from "./types.ts";
import type { PlainEngineOptions } from "./threads/step-messages.ts";
import { resolveWeightCache, type WeightCacheSettings } from "./weight-cache-settings.ts";

/** Rows of one step: enough for the kernels to work at full speed, few enough to answer a cancel soon. */
const DEFAULT_STEP_TOKENS = 512;
const DEFAULT_SEQUENCES = 64;
const DEFAULT_WAITING = 512;
/** Half an hour of prompts at 150 tokens a second: who comes behind that is better told so. */
const DEFAULT_WAITING_TOKENS = 262_144;
/** A minute of reading, as people read. */
const DEFAULT_UNREAD_TOKENS = 256;
const DEFAULT_PARK_TIMEOUT_MS = 60_000;
/** A pause that a reader of a stream hardly notices. */
const DEFAULT_STALL_MS = 150;
const DEFAULT_PREFILL_SHARE = 0.25;
/** Bounds of what a step's buffers may cost. */
const MAX_STEP_TOKENS = 16_384;
const MAX_SEQUENCES = 1024;

const KV_TYPES: readonly string[] = ["auto", "f32", "f16", "int8"] satisfies (KvType | "auto")[];
const QUANTS: readonly string[] = ["none", ...LOAD_QUANTS];
const BACKENDS: readonly string[] = ["auto", "native", "interpreter"];

export interface WaitingLimits {
  readonly maxWaiting: number;
  readonly maxWaitingTokens: number;
}

export interface EngineSettings extends WaitingLimits {
  readonly model: string;
  /** Null: the model's own, or what memory allows. */
  readonly contextTokens: number | null;
  readonly threads: number;
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
    contextTokens: integer("contextTokens", options.contextTokens, 1, 2 ** 31 - 1) ?? null,
    threads: integer("threads", options.threads, 1, NATIVE_LIMITS.threads) ?? defaultThreads(readUsableCores()),
    kvMemoryBytes: integer("kvMemoryBytes", options.kvMemoryBytes, 1, Number.MAX_SAFE_INTEGER) ?? null,
    maxStepTokens: integer("maxStepTokens", options.maxStepTokens, 1, MAX_STEP_TOKENS) ?? DEFAULT_STEP_TOKENS,
    maxSequences: integer("maxSequences", options.maxSequences, 1, MAX_SEQUENCES) ?? DEFAULT_SEQUENCES,
    ...resolveWaiting(options),
    maxUnreadTokens: integer("maxUnreadTokens", options.maxUnreadTokens, 1, 2 ** 31 - 1) ?? DEFAULT_UNREAD_TOKENS,
    parkTimeoutMs: number("parkTimeoutMs", options.parkTimeoutMs, 1, 1e9) ?? DEFAULT_PARK_TIMEOUT_MS,
    maxStallMs: number("maxStallMs", options.maxStallMs, 0, 1e9) ?? DEFAULT_STALL_MS,
    minPrefillShare: number("minPrefillShare", options.minPrefillShare, 0, 0.9) ?? DEFAULT_PREFILL_SHARE,
  };
}

/** Throws `invalid_option`. */
export function resolveWaiting(options: WaitingOptions): WaitingLimits {
  return {
    maxWaiting: integer("maxWaiting", options.maxWaiting, 0, 2 ** 31 - 1) ?? DEFAULT_WAITING,
    maxWaitingTokens:
      integer("maxWaitingTokens", options.maxWaitingTokens, 0, Number.MAX_SAFE_INTEGER) ?? DEFAULT_WAITING_TOKENS,
  };
}

function integer(option: string, value: number | undefined, min: number, max: number): number | undefined {
  if (value === undefined) return undefined;
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  return fail("invalid_option", { option, problem: `must be an integer from ${min} to ${max}, not ${String(value)}` });
}

function number(option: string, value: number | undefined, min: number, max: number): number | undefined {
  if (value === undefined || (value >= min && value <= max)) return value;
  return fail("invalid_option", { option, problem: `must be from ${min} to ${max}, not ${String(value)}` });
}

function checkChoice(option: string, value: string, choices: readonly string[]): void {
  if (choices.includes(value)) return;
  fail("invalid_option", { option, problem: `must be one of ${choices.join(", ")}, not ${value}` });
}
