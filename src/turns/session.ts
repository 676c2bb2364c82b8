/**
 * A session: a conversation that the server keeps, turn after turn. Its head moves only when a turn has
 * finished; an error, a cancel or a client that leaves changes nothing. One turn runs at a time.
 */

import { fail } from "../base/errors.ts";
import type { ChatMessage } from "../text/template/types.ts";
import { messageKey } from "./canonical-message.ts";
import { type KeptTurn, keepTurn, restoreTurn } from "./kept-turn.ts";
import { MAX_TENANT_BYTES, type MemoryPart, memoryParts, totalBytes } from "./session-memory.ts";
import type { ConversationFrame, ConversationSoFar, Turn } from "./turn.ts";

export interface SessionInit {
  readonly id: string;
  readonly tenant: string;
  readonly frame: ConversationFrame;
  /** Messages before the first turn. */
  readonly opening: readonly ChatMessage[];
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
  readonly #maxBytes: number;
  #turns: readonly KeptTurn[];
  #memory: readonly MemoryPart[] = [];
  #bytes = 0;
  #running: CancelTurn | null = null;
  /** The running turn's generation, once it is accepted. */
  #work: { readonly isParked: boolean } | null = null;
  #usedMs: number;

  /** It has `turns` already, and runs no more of them once it takes more than `maxBytes`. */
  constructor(init: SessionInit, turns: readonly KeptTurn[], nowMs: number, maxBytes = MAX_TENANT_BYTES) {
    this.init = init;
    this.createdMs = nowMs;
    this.#maxBytes = maxBytes;
    this.#turns = turns;
    this.#measure();
    this.#usedMs = nowMs;
  }

  get id(): string {
    return this.init.id;
  }

  get turns(): readonly KeptTurn[] {
    return this.#turns;
  }

  get headId(): string | null {
    return this.#turns.at(-1)?.id ?? null;
  }

  /** The last turn, whole: made anew each time. Null before the first. */
  get head(): Turn | null {
    return this.#turns.length === 0 ? null : restoreTurn(this.#turns);
  }

  /** What it has in memory; forks have parts of it as well. */
  get memory(): readonly MemoryPart[] {
    return this.#memory;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The conversation up to `head`, under the session's own frame and system prompt. */
  pastOf(head: Turn | null): ConversationSoFar {
    const { frame, opening } = this.init;
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

  get usedMs(): number {
    return this.#usedMs;
  }

  get expiresMs(): number {
    return this.#usedMs + this.init.ttlMs;
  }

  /** Throws `session_conflict` unless `after`, where given, is the head, and `session_busy` while a turn runs. */
  require(after: string | null | undefined): void {
    if (this.isRunning) fail("session_busy", { session: this.id });
    const head = this.headId;
    if (after !== undefined && after !== head) {
      fail("session_conflict", { session: this.id, after: String(after), head: String(head) });
    }
  }

  /** Throws `session_too_large`. */
  requireRoom(): void {
    const [bytes, limitBytes] = [this.#bytes, this.#maxBytes];
    if (bytes > limitBytes) fail("session_too_large", { bytes, limitBytes });
  }

  /** A turn begins; `cancel` ends it. Throws `session_busy` and `session_too_large`. */
  begin(cancel: CancelTurn, nowMs: number): void {
    this.require(undefined);
    this.requireRoom();
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
    if (turn === null) return;
    this.#turns = keepTurn(this.#turns, turn);
    this.#measure();
  }

  cancel(): void {
    this.#running?.();
  }

  /** Makes the turn `to` the head again, or, with null, the time before the first. */
  rollback(to: string | null, nowMs: number): void {
    this.require(undefined);
    this.#turns = this.turnsUpTo(to);
    this.#usedMs = nowMs;
    this.#measure();
  }

  /** Someone went on from it elsewhere: it lives on. */
  touch(nowMs: number): void {
    this.#usedMs = nowMs;
  }

  /** With null, none. Throws `turn_not_found`. */
  turnsUpTo(turn: string | null): readonly KeptTurn[] {
    if (turn === null) return [];
    const index = this.#turns.findIndex(({ id }) => id === turn);
    if (index < 0) fail("turn_not_found", { session: this.id, turn });
    return this.#turns.slice(0, index + 1);
  }

  #measure(): void {
    const { frame, opening } = this.init;
    this.#memory = memoryParts({ frame, messages: opening }, this.#turns);
    this.#bytes = totalBytes(this.#memory);
  }
}

const isSystem = ({ role }: ChatMessage): boolean => role === "system" || role === "developer";
const isNotSystem = (message: ChatMessage): boolean => !isSystem(message);
const keysOf = (messages: readonly ChatMessage[]): string => messages.map(messageKey).join();
