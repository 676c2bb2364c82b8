/**
 * All sessions, each seen by its tenant alone. In memory; unused ones expire, and where a tenant's take more than
 * they may together, the idle ones that were used longest ago are dropped.
 */

import { randomUUID } from "node:crypto";
import { fail } from "../base/errors.ts";
import type { KeptTurn } from "./kept-turn.ts";
import { Session, type SessionInit } from "./session.ts";
import { MAX_TENANT_BYTES, totalBytes } from "./session-memory.ts";

/** Of one tenant, by default: more than this is a client that never deletes. */
export const DEFAULT_MAX_SESSIONS = 1000;

export interface NewSession extends Omit<SessionInit, "id" | "tenant"> {
  readonly turns: readonly KeptTurn[];
}

/** What a fork may have otherwise than its source. */
export type ForkChanges = Pick<SessionInit, "frame" | "opening" | "metadata" | "ttlMs">;

export class SessionStore {
  readonly #clock: () => number;
  readonly #maxTenantBytes: number;
  readonly #sessions = new Map<string, Session>();

  constructor(clock: () => number = Date.now, maxTenantBytes = MAX_TENANT_BYTES) {
    this.#clock = clock;
    this.#maxTenantBytes = maxTenantBytes;
  }

  get nowMs(): number {
    return this.#clock();
  }

  /** Throws `too_many_sessions` where the tenant has `limit` already, and `session_too_large`. */
  create(tenant: string, { turns, ...init }: NewSession, limit = DEFAULT_MAX_SESSIONS): Session {
    if (this.list(tenant).length >= limit) fail("too_many_sessions", { limit });
    const id = `sess_${randomUUID().replaceAll("-", "")}`;
    const session = new Session({ ...init, tenant, id }, turns, this.#clock(), this.#maxTenantBytes);
    session.requireRoom();
    this.#sessions.set(session.id, session);
    this.#makeRoom(session);
    return session;
  }

  /** Throws `session_not_found`, for another tenant's as well. */
  get(tenant: string, id: string): Session {
    this.dropExpired();
    const session = this.#sessions.get(id);
    if (session === undefined || session.init.tenant !== tenant)
      fail("session_not_found", { session: id.slice(0, 100) });
    this.#makeRoom(session);
    return session;
  }

  /** Oldest first. */
  list(tenant: string): Session[] {
    this.dropExpired();
    return this.#of(tenant);
  }

  countByTenant(): ReadonlyMap<string, number> {
    this.dropExpired();
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
   * A session that has the same turns up to `at`, by default the head, with null none, and what `changes` does not
   * change. Nothing is copied. Throws `turn_not_found`, and what `create` throws.
   */
  fork(
    tenant: string,
    id: string,
    at: string | null | undefined,
    changes: Partial<ForkChanges> = {},
    limit = DEFAULT_MAX_SESSIONS,
  ): Session {
    const source = this.get(tenant, id);
    const { frame, opening, metadata, ttlMs } = source.init;
    const turns = at === undefined ? source.turns : source.turnsUpTo(at);
    source.touch(this.#clock());
    return this.create(tenant, { frame, opening, metadata, ttlMs, ...changes, turns, parent: source.id }, limit);
  }

  #isTooLarge({ bytes }: Session): boolean {
    return bytes > this.#maxTenantBytes;
  }

  /** Frees what nobody has used for its time. */
  dropExpired(): void {
    const nowMs = this.#clock();
    for (const [id, session] of this.#sessions) {
      if (!session.isRunning && session.expiresMs <= nowMs) this.#sessions.delete(id);
    }
  }

  #of(tenant: string): Session[] {
    const sessions: Session[] = [];
    for (const session of this.#sessions.values()) if (session.init.tenant === tenant) sessions.push(session);
    return sessions;
  }

  /**
   * Drops what its tenant has too much beside `used`: first what is too large alone, since no room that others make
   * would do for it.
   */
  #makeRoom(used: Session): void {
    if (this.#isTooLarge(used)) return;
    const rest = new Set(this.#of(used.init.tenant));
    let bound = 0;
    for (const { bytes } of rest) bound += bytes;
    // What forks share is sought only where it matters.
    const isTooMuch = (): boolean =>
      bound > this.#maxTenantBytes && totalBytes([...rest].flatMap(({ memory }) => memory)) > this.#maxTenantBytes;
    if (!isTooMuch()) return;
    const idle = [...rest].filter((session) => session !== used && !session.isRunning);
    const order = (session: Session): number => (this.#isTooLarge(session) ? -1 : session.usedMs);
    for (const session of idle.toSorted((a, b) => order(a) - order(b))) {
      this.#sessions.delete(session.id);
      rest.delete(session);
      if (!isTooMuch()) return;
    }
  }
}
