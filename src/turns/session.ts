/**
 * A session: a conversation that the server keeps, turn after turn. Its head moves only when a turn has
 * finished; an error, a cancel or a client that leaves changes nothing. One turn runs at a time.
 */

import { fail } from "../base/errors.ts";
import type { ChatMessage } from "../text/template/types.ts";
import { messageKey } from "./canonical-message.ts";
import type { ConversationFrame, ConversationSoFar, Turn } from "./turn.ts";

export interface SessionInit {
  readonly id: string;
  readonly tenant: string;
  readonly frame: ConversationFrame;
  /** Messages before the first turn. */
  readonly opening: readonly ChatMessage[];
  readonly turns: readonly Turn[];
  /** The session it was forked from. */
  readonly parent: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly ttlMs: number;
}

/** "parked": its turn has begun and waits, its reader being too slow. */
export type SessionState = "idle" | "running" | "parked";

/** Ends the running turn. */
export type CancelTurn = () => void;

export class Session {
  readonly init: SessionInit;
  readonly createdMs: number;
  #turns: readonly Turn[];
  #running: CancelTurn | null = null;
  /** The running turn's generation, once it is accepted. */
  #work: { readonly isParked: boolean } | null = null;
  #usedMs: number;

  constructor(init: SessionInit, nowMs: number) {
    this.init = init;
    this.createdMs = nowMs;
    this.#turns = init.turns;
    this.#usedMs = nowMs;
  }

  get id(): string {
    return this.init.id;
  }

  get turns(): readonly Turn[] {
    return this.#turns;
  }

  get head(): Turn | null {
    return this.#turns.at(-1) ?? null;
  }

  /** The conversation up to the head, under the session's own frame and system prompt. */
  get past(): ConversationSoFar {
    const { frame, opening } = this.init;
    const { head } = this;
    if (head === null) return { frame, messages: opening };
    const [own, heads] = [opening, head.messages].map((messages) => messages.filter(isSystem));
    // A fork may have another system prompt than the turns that it took over.
    const isSame = own === undefined || own.length === 0 || keysOf(own) === keysOf(heads ?? []);
    return { frame, messages: isSame ? head.messages : [...own, ...head.messages.filter(isNotSystem)] };
  }

  get state(): SessionState {
    if (!this.isRunning) return "idle";
    return this.#work?.isParked === true ? "parked" : "running";
  }

  get isRunning(): boolean {
    return this.#running !== null;
  }

  get expiresMs(): number {
    return this.#usedMs + this.init.ttlMs;
  }

  /** Throws `session_conflict` unless `after`, where given, is the head, and `session_busy` while a turn runs. */
  require(after: string | null | undefined): void {
    if (this.isRunning) fail("session_busy", { session: this.id });
    const head = this.head?.id ?? null;
    if (after !== undefined && after !== head) {
      fail("session_conflict", { session: this.id, after: String(after), head: String(head) });
    }
  }

  /** A turn begins; `cancel` ends it. */
  begin(cancel: CancelTurn, nowMs: number): void {
    this.require(undefined);
    this.#running = cancel;
    this.#usedMs = nowMs;
  }

  /** The running turn is `work`, which may be parked. */
  follow(work: { readonly isParked: boolean }): void {
    this.#work = work;
  }

  /** The running turn has ended; with a turn, that is the head now. */
  end(turn: Turn | null, nowMs: number): void {
    this.#running = null;
    this.#work = null;
    this.#usedMs = nowMs;
    if (turn !== null) this.#turns = [...this.#turns, turn];
  }

  cancel(): void {
    this.#running?.();
  }

  /** Makes the turn `to` the head again, or, with null, the time before the first. */
  rollback(to: string | null): void {
    this.require(undefined);
    this.#turns = this.turnsUpTo(to);
  }

  /** Throws `turn_not_found`. */
  turnsUpTo(turn: string | null): readonly Turn[] {
    if (turn === null) return [];
    const index = this.#turns.findIndex(({ id }) => id === turn);
    if (index < 0) fail("turn_not_found", { session: this.id, turn });
    return this.#turns.slice(0, index + 1);
  }
}

const isSystem = ({ role }: ChatMessage): boolean => role === "system" || role === "developer";
const isNotSystem = (message: ChatMessage): boolean => !isSystem(message);
const keysOf = (messages: readonly ChatMessage[]): string => messages.map(messageKey).join();
