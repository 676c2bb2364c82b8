/** What a key has left, as each API's clients read it from an answer's headers. */

import type { Dialect } from "../dialects.ts";
import type { BucketState, RateMeter } from "./rate-meter.ts";

/** Names and values; none where the key has no limit. */
export function rateHeaders(meter: RateMeter | null, dialect: Dialect): readonly (readonly [string, string])[] {
  if (meter === null) return [];
  return Object.entries(meter.state()).flatMap(([what, state]: [string, BucketState | null]) =>
    state === null ? [] : FORMATS[dialect](what, state),
  );
}

type Format = (what: string, state: BucketState) => readonly (readonly [string, string])[];

const FORMATS: Readonly<Record<Dialect, Format>> = {
  // https://platform.openai.com/docs/guides/rate-limits
  openai: (what, { limit, remaining, resetMs }) => [
    [`x-ratelimit-limit-${what}`, String(limit)],
    [`x-ratelimit-remaining-${what}`, String(remaining)],
    [`x-ratelimit-reset-${what}`, spanText(resetMs)],
  ],
  // https://docs.anthropic.com/en/api/rate-limits
  anthropic: (what, { limit, remaining, resetMs }) => [
    [`anthropic-ratelimit-${what}-limit`, String(limit)],
    [`anthropic-ratelimit-${what}-remaining`, String(remaining)],
    [`anthropic-ratelimit-${what}-reset`, new Date(Date.now() + resetMs).toISOString()],
  ],
};

/** 120 ms is "120ms", 66 s is "1m6s". */
function spanText(ms: number): string {
  if (ms < 1000) return `${ms}ms`;
  const seconds = Math.ceil(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  return minutes === 0 ? `${seconds}s` : `${minutes}m${seconds % 60}s`;
}
