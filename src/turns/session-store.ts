/** All sessions, each seen by its tenant alone. In memory; unused ones expire. */

import { randomUUID } from "node:crypto";
import { fail } from "../base/errors.ts";
import { Session, type SessionInit } from "./session.ts";

/** Of one tenant, by default. A session costs its ledgers and texts; more than this is a client that never deletes. */
export const DEFAULT_MAX_SESSIONS = 1000;

export type NewSession = Omit<SessionInit, "id" | "tenant">;

/** What a fork may have otherwise than its source. */
export type ForkChanges = Pick<SessionInit, "frame" | "opening" | "metadata" | "ttlMs">;

export class SessionStore {
  readonly #clock: () => number;
  readonly #sessions = new Map<string, Session>();

  constructor(clock: () => number = Date.now) {
    this.#clock = clock;
  }

  get nowMs(): number {
    return this.#clock();
  }

  /** Throws `too_many_sessions` where the tenant has `limit` already. */
  create(tenant: string, init: NewSession, limit = DEFAULT_MAX_SESSIONS): Session {
    if (this.list(tenant).length >= limit) fail("too_many_sessions", { limit });
    const session = new Session({ ...init, tenant, id: `sess_${randomUUID().replaceAll("-", "")}` }, this.#clock());
    this.#sessions.set(session.id, session);
    return session;
  }

  /** Throws `session_not_found`, for another tenant's as well. */
  get(tenant: string, id: string): Session {
    this.#dropExpired();
    const session = this.#sessions.get(id);
    if (session === undefined || session.init.tenant !== tenant)
      fail("session_not_found", { session: id.slice(0, 100) });
    return session;
  }

  /** Oldest first. */
  list(tenant: string): Session[] {
    this.#dropExpired();
    return [...this.#sessions.values()].filter(({ init }) => init.tenant === tenant);
  }

  countByTenant(): ReadonlyMap<string, number> {
    this.#dropExpired();
    const counts = new Map<string, number>();
    for (const { init } of this.#sessions.values()) counts.set(init.tenant, (counts.get(init.tenant) ?? 0) + 1);
    return counts;
  }

  delete(tenant: string, id: string): void {
    const session = this.get(tenant, id);
    session.cancel();
    this.#sessions.delete(session.id);
  }

  /**
   * A session that has the same turns up to `at`, by default the head, and what `changes` does not change.
   * Nothing is copied. Throws `turn_not_found`, and what `create` throws.
   */
  fork(
    tenant: string,
    id: string,
    at: string | undefined,
    changes: Partial<ForkChanges> = {},
    limit = DEFAULT_MAX_SESSIONS,
  ): Session {
    const source = this.get(tenant, id);
    const { frame, opening, metadata, ttlMs } = source.init;
    const turns = at === undefined ? source.turns : source.turnsUpTo(at);
    return this.create(tenant, { frame, opening, metadata, ttlMs, ...changes, turns, parent: source.id }, limit);
  }

  #dropExpired(): void {
    const nowMs = this.#clock();
    for (const [id, session] of this.#sessions) {
      if (!session.isRunning && session.expiresMs <= nowMs) this.#sessions.delete(id);
    }
  }
}
