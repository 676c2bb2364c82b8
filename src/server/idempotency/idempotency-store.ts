/** Requests by their keys, while they run and for some minutes after they succeeded. Of each tenant so many. */

import { fail } from "../../base/errors.ts";
import type { SharedRun } from "./shared-run.ts";

/** Clients that try again do so sooner. */
const KEEP_MS = 10 * 60_000;
/** Of one tenant's answers that are kept; the oldest go first. */
const MAX_BYTES = 32 * 1024 * 1024;
const MAX_ANSWERS = 1000;

interface Entry {
  readonly run: SharedRun;
  /** Infinity while it runs. */
  expiresMs: number;
}

export class IdempotencyStore {
  readonly #clock: () => number;
  /** By tenant, then by route and key; in the order of their beginning. */
  readonly #tenants = new Map<string, Map<string, Entry>>();

  constructor(clock: () => number = Date.now) {
    this.#clock = clock;
  }

  /** Bytes of the answers that are kept, of all tenants. */
  get heldBytes(): number {
    let bytes = 0;
    for (const entries of this.#tenants.values()) for (const { run } of entries.values()) bytes += run.body.heldBytes;
    return bytes;
  }

  /** The run of `key`; null where there is none. Throws `idempotency_mismatch` where it is of another body. */
  find(tenant: string, key: string, digest: string): SharedRun | null {
    const { run, expiresMs = 0 } = this.#tenants.get(tenant)?.get(key) ?? {};
    if (run === undefined || expiresMs <= this.#clock()) return null;
    if (run.digest !== digest) fail("idempotency_mismatch");
    if (!run.body.isKept) fail("idempotency_outgrown");
    return run;
  }

  add(tenant: string, key: string, run: SharedRun): void {
    const entries = this.#tenants.get(tenant) ?? new Map<string, Entry>();
    this.#tenants.set(tenant, entries);
    entries.set(key, { run, expiresMs: Infinity });
  }

  /** A run has ended: what failed is forgotten, so that the same request may be tried again. */
  end(tenant: string, key: string, succeeded: boolean): void {
    const entries = this.#tenants.get(tenant);
    const entry = entries?.get(key);
    if (entries === undefined || entry === undefined) return;
    if (succeeded) entry.expiresMs = this.#clock() + KEEP_MS;
    else entries.delete(key);
    this.#shrink(entries);
    if (entries.size === 0) this.#tenants.delete(tenant);
  }

  #shrink(entries: Map<string, Entry>): void {
    const ended = [...entries].filter(([, { expiresMs }]) => expiresMs !== Infinity);
    let bytes = ended.reduce((sum, [, { run }]) => sum + run.body.heldBytes, 0);
    let count = ended.length;
    for (const [key, { run }] of ended) {
      if (bytes <= MAX_BYTES && count <= MAX_ANSWERS) return;
      entries.delete(key);
      bytes -= run.body.heldBytes;
      count -= 1;
    }
  }

  /** Frees the answers whose time is over, of every tenant. */
  dropExpired(): void {
    const nowMs = this.#clock();
    for (const [tenant, entries] of this.#tenants) {
      for (const [key, { expiresMs }] of entries) if (expiresMs <= nowMs) entries.delete(key);
      if (entries.size === 0) this.#tenants.delete(tenant);
    }
  }
}
