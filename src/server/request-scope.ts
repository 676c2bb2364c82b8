/**
 * One request from its arrival to its log line: its id, why it was cancelled, and what the log and
 * the metrics report of it. It ends exactly once; a stream ends when its last event is written.
 */

import { emptyDistribution } from "../base/distribution.ts";
import { TurnwiseError, turnwiseError } from "../base/errors.ts";
import type { GenerationTimings, GenerationUsage } from "../engine/types.ts";
import { type Caller, openCaller } from "./access/caller.ts";
import type { RateMeter } from "./access/rate-meter.ts";
import type { Dialect } from "./dialects.ts";
import { TOKEN_GAP_SECONDS } from "./metrics/server-metrics.ts";
import type { Miss } from "../turns/miss.ts";
import type { Tenant } from "./tenant.ts";

export interface ServedTurn {
  readonly session: string | null;
  readonly turn: string;
  readonly miss: Miss | null;
}

export class RequestScope {
  readonly id: string;
  readonly method: string;
  /** The route's pattern, which is bounded; never the path. */
  route = "unmatched";
  /** The API whose shape errors have. */
  dialect: Dialect = "openai";
  /** Who sent it. */
  caller: Caller = openCaller({ admin: "no", local: false });
  status = 0;
  /** The answer goes on after its headers: `end` comes from the stream. */
  streaming = false;
  error: TurnwiseError | null = null;
  promptTokens: number | null = null;
  usage: GenerationUsage | null = null;
  timings: GenerationTimings | null = null;
  /** From the request's arrival; null before. */
  firstTokenMs: number | null = null;
  /** Seconds from each token to the next. */
  readonly tokenGaps = emptyDistribution(TOKEN_GAP_SECONDS);
  /** The turn of a conversation that it was, once that has ended. */
  turn: ServedTurn | null = null;

  /** What happens when its client leaves before the end; by default its work is cancelled. */
  onClientLeft: ((reason: TurnwiseError) => void) | null = null;

  readonly #startMs = performance.now();
  readonly #abort = new AbortController();
  readonly #onEnd: (scope: RequestScope) => void;
  readonly #timer: NodeJS.Timeout | null;
  #ended = false;

  /** `timeoutMs` 0 sets no limit. */
  constructor(id: string, method: string, timeoutMs: number, onEnd: (scope: RequestScope) => void) {
    this.id = id;
    this.method = method;
    this.#onEnd = onEnd;
    this.#timer =
      timeoutMs === 0
        ? null
        : setTimeout(() => this.cancel(turnwiseError("request_timeout", { limitMs: timeoutMs })), timeoutMs);
  }

  /** Whose request it is; tenants do not see what others stored. */
  get tenant(): Tenant {
    return this.caller.tenant;
  }

  /** What its key may use a minute; null where that has no limit. */
  get meter(): RateMeter | null {
    return this.caller.meter;
  }

  /** Aborts when the request is cancelled, for whatever reason. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Milliseconds since the request arrived. */
  elapsedMs(): number {
    return performance.now() - this.#startMs;
  }

  /** Stops the work; the first reason is the one that counts. */
  cancel(reason: TurnwiseError): void {
    if (!this.#ended) this.#abort.abort(reason);
  }

  /** Its connection is gone, for `reason`. */
  clientLeft(reason: TurnwiseError): void {
    if (this.onClientLeft === null) this.cancel(reason);
    else this.onClientLeft(reason);
  }

  /** What `thrown` means for this request: the reason of its cancellation, if it was cancelled. */
  failure(thrown: unknown): TurnwiseError {
    const cause: unknown = this.signal.aborted ? this.signal.reason : thrown;
    if (cause instanceof TurnwiseError) this.error = cause;
    else {
      const what = cause instanceof Error ? cause.message : String(cause);
      this.error = new TurnwiseError("invariant_violated", { what }, cause);
    }
    return this.error;
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    // A stream whose client left ends without an error being thrown.
    if (this.signal.aborted && this.error === null) this.failure(this.signal.reason);
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#onEnd(this);
  }
}
