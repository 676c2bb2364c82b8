/**
 * The server's life: loading, ready, draining. It knows the requests in progress, so that a drain can
 * wait for them and, when their time is up, cancel them. It owns no socket.
 */

import { fail, turnwiseError } from "../base/errors.ts";
import type { EngineApi } from "../engine/types.ts";
import type { RequestScope } from "./request-scope.ts";

export type Phase = "loading" | "failed" | "ready" | "draining";

/** A cancelled request ends within one step; a step that takes longer than this is not waited for. */
const CANCEL_GRACE_MS = 5000;

export class Lifecycle {
  #phase: Phase = "loading";
  #engine: EngineApi | null = null;
  readonly #open = new Set<RequestScope>();
  /** Called when the last open request ends. */
  #onIdle: (() => void) | null = null;
  /** Ends the wait of a running drain. */
  #hurry: (() => void) | null = null;

  constructor(engine: EngineApi | Promise<EngineApi>) {
    if (engine instanceof Promise) {
      engine.then(
        (loaded) => this.#loaded(loaded),
        () => this.#loadFailed(),
      );
    } else this.#loaded(engine);
  }

  get phase(): Phase {
    return this.#phase;
  }

  get openRequests(): number {
    return this.#open.size;
  }

  openRequestsOf(key: string | null): number {
    return [...this.#open].filter(({ caller }) => caller.key === key).length;
  }

  openRequestsByTenant(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { tenant } of this.#open) counts.set(tenant.name, (counts.get(tenant.name) ?? 0) + 1);
    return counts;
  }

  /** Null until the model is loaded. */
  get engine(): EngineApi | null {
    return this.#engine;
  }

  /** The engine for a new request; throws `not_ready` or `draining`. */
  admit(): EngineApi {
    if (this.#phase === "draining") fail("draining");
    if (this.#engine === null) fail("not_ready", { state: describePhase(this.#phase) });
    return this.#engine;
  }

  opened(scope: RequestScope): void {
    this.#open.add(scope);
  }

  ended(scope: RequestScope): void {
    this.#open.delete(scope);
    if (this.#open.size === 0) this.#onIdle?.();
  }

  /**
   * Admits nothing more and waits until no request is open: for `timeoutMs`, then the rest are cancelled.
   * A second call ends the wait of the first at once.
   */
  async drain(timeoutMs: number): Promise<void> {
    if (this.#phase === "draining") {
      this.#hurry?.();
      return;
    }
    this.#phase = "draining";
    if (timeoutMs > 0) await this.#idleWithin(timeoutMs);
    for (const scope of this.#open) scope.cancel(turnwiseError("draining"));
    await this.#idleWithin(CANCEL_GRACE_MS);
  }

  #idleWithin(timeoutMs: number): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#onIdle = null;
        this.#hurry = null;
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#onIdle = done;
      this.#hurry = done;
    });
  }

  #loaded(engine: EngineApi): void {
    this.#engine = engine;
    if (this.#phase === "loading") this.#phase = "ready";
  }

  #loadFailed(): void {
    if (this.#phase === "loading") this.#phase = "failed";
  }
}

/** For `/ready` and the `not_ready` error: "The server is ...". */
export function describePhase(phase: Phase): string {
  switch (phase) {
    case "loading":
      return "loading its model";
    case "failed":
      return "without a model: loading it failed";
    case "ready":
      return "ready";
    case "draining":
      return "shutting down";
    default:
      return phase satisfies never;
  }
}
