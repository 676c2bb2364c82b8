/** Defaults and ranges of the engine's own numbers, for its options and for those of the commands that pass them on. */

import { NATIVE_LIMITS } from "../base/native-limits.ts";

interface Limit {
  /** Null: worked out from the model or the machine. */
  readonly default: number | null;
  readonly min: number;
  readonly max: number;
}

const MAX_INT32 = 2 ** 31 - 1;

export const ENGINE_LIMITS = {
  contextTokens: { default: null, min: 1, max: MAX_INT32 },
  threads: { default: null, min: 1, max: NATIVE_LIMITS.threads },
  kvMemoryBytes: { default: null, min: 1, max: Number.MAX_SAFE_INTEGER },
  /** Rows of one step: enough for the kernels to work at full speed, few enough to answer a cancel soon. Its buffers grow with them. */
  maxStepTokens: { default: 512, min: 1, max: 16_384 },
  maxSequences: { default: 64, min: 1, max: 1024 },
  maxWaiting: { default: 512, min: 0, max: MAX_INT32 },
  /** Half an hour of prompts at 150 tokens a second: who comes behind that is better told so. */
  maxWaitingTokens: { default: 262_144, min: 0, max: Number.MAX_SAFE_INTEGER },
  /** A minute of reading, as people read. */
  maxUnreadTokens: { default: 256, min: 1, max: MAX_INT32 },
  parkTimeoutMs: { default: 60_000, min: 1, max: 1e9 },
  /** A pause that a reader of a stream hardly notices. */
  maxStallMs: { default: 150, min: 0, max: 1e9 },
  minPrefillShare: { default: 0.25, min: 0, max: 0.9 },
} as const satisfies Record<string, Limit>;

export type EngineLimitName = keyof typeof ENGINE_LIMITS;
