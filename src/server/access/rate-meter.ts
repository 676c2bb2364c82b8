/**
 * What a key may ask for in a minute, in requests and in tokens: a token bucket for each
 * (https://en.wikipedia.org/wiki/Token_bucket), full at first. How many tokens an answer takes is known only
 * as it comes, so they may overdraw the bucket, and later requests wait until that is made up.
 */

import { fail } from "../../base/errors.ts";

/** Infinity: no limit. */
export interface RateLimits {
  readonly requestsPerMinute: number;
  readonly tokensPerMinute: number;
}

export interface BucketState {
  readonly limit: number;
  readonly remaining: number;
  /** Until it is full again. */
  readonly resetMs: number;
}

/** Null where there is no limit. */
export interface RateState {
  readonly requests: BucketState | null;
  readonly tokens: BucketState | null;
}

const MINUTE_MS = 60_000;

export class RateMeter {
  readonly #requests: Bucket;
  readonly #tokens: Bucket;

  constructor(limits: RateLimits, clock: () => number = () => performance.now()) {
    this.#requests = new Bucket(limits.requestsPerMinute, clock);
    this.#tokens = new Bucket(limits.tokensPerMinute, clock);
  }

  /** Limits may change while requests run; what was used stays used. */
  setLimits(limits: RateLimits): void {
    this.#requests.setLimit(limits.requestsPerMinute);
    this.#tokens.setLimit(limits.tokensPerMinute);
  }

  /** Counts a request. Throws `rate_limit_exceeded`, and then it is not counted. */
  admit(): void {
    requireLevel(this.#tokens, Number.MIN_VALUE, "tokens");
    requireLevel(this.#requests, 1, "requests");
    this.#requests.take(1);
  }

  /** Prompt tokens of an accepted request, or tokens of its answer. */
  chargeTokens(count: number): void {
    this.#tokens.take(count);
  }

  state(): RateState {
    return { requests: this.#requests.state(), tokens: this.#tokens.state() };
  }
}

function requireLevel(bucket: Bucket, level: number, what: string): void {
  const waitMs = bucket.msUntil(level);
  if (waitMs <= 0) return;
  const seconds = Math.ceil(waitMs / 1000);
  fail("rate_limit_exceeded", { limit: bucket.limit, what, seconds });
}

class Bucket {
  readonly #clock: () => number;
  #limit: number;
  #level: number;
  #atMs: number;

  constructor(limit: number, clock: () => number) {
    this.#clock = clock;
    this.#limit = limit;
    this.#level = limit;
    this.#atMs = clock();
  }

  get limit(): number {
    return this.#limit;
  }

  setLimit(limit: number): void {
    if (limit === this.#limit) return;
    this.#refill();
    const used = Number.isFinite(this.#limit) ? this.#limit - this.#level : 0;
    this.#limit = limit;
    this.#level = limit - used;
  }

  take(count: number): void {
    this.#refill();
    this.#level -= count;
  }

  /** Milliseconds until `level` is there, 0 where it is. */
  msUntil(level: number): number {
    this.#refill();
    return this.#level >= level ? 0 : ((level - this.#level) * MINUTE_MS) / this.#limit;
  }

  state(): BucketState | null {
    if (this.#limit === Infinity) return null;
    const resetMs = Math.ceil(this.msUntil(this.#limit));
    return { limit: this.#limit, remaining: Math.max(0, Math.floor(this.#level)), resetMs };
  }

  #refill(): void {
    const nowMs = this.#clock();
    const gained = ((nowMs - this.#atMs) * this.#limit) / MINUTE_MS;
    this.#atMs = nowMs;
    this.#level = this.#limit === Infinity ? Infinity : Math.min(this.#limit, this.#level + gained);
  }
}
