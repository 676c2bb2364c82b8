/**
 * Responses that clients may continue or read again: an immutable tree in memory. A response keeps those
 * before it alive, so a conversation stays whole when its beginning is deleted or expires. Its id names a
 * position of the ledger too, which goes with the id.
 *
 * Each owner has a byte limit of its own; the least recently used responses go first. One owner never sees
 * that another's response exists.
 */

import { type Turn, turnBytes } from "../../turns/turn.ts";
import type { OutputItem, ResponseObject } from "../answers/response-answers.ts";
import type { InputItem } from "./response-items.ts";

export interface StoredResponse {
  readonly response: ResponseObject;
  readonly input: readonly InputItem[];
  readonly output: readonly OutputItem[];
  readonly previous: StoredResponse | null;
}

/** What an id stands for. */
export interface NamedResponse {
  readonly stored: StoredResponse;
  /** The conversation up to and with the response, as tokens. */
  readonly turn: Turn;
}

interface Entry extends NamedResponse {
  readonly owner: string;
  readonly expiresAtMs: number;
}

/** What a stored response holds in memory, shared with the responses that continue it. */
interface Share {
  readonly bytes: number;
  readonly owner: string;
  /** The entry itself, and the responses that continue it. */
  holders: number;
}

export interface ResponseStoreLimits {
  readonly ttlMs: number;
  readonly bytesPerOwner: number;
}

export class ResponseStore {
  readonly #limits: ResponseStoreLimits;
  readonly #clock: () => number;
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>();
  readonly #shares = new Map<StoredResponse, Share>();
  readonly #bytes = new Map<string, number>();

  constructor(limits: ResponseStoreLimits, clock: () => number = Date.now) {
    this.#limits = limits;
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Bytes that the owner's responses take, those that only live on in others among them. */
  bytesOf(owner: string): number {
    return this.#bytes.get(owner) ?? 0;
  }

  /** Those of whom anything is kept. */
  owners(): readonly string[] {
    this.dropExpired();
    return [...this.#bytes.keys()];
  }

  /** Keeps a response; one larger than the limit is not kept. */
  add(owner: string, { stored, turn }: NamedResponse): void {
    this.dropExpired();
    const bytes = Buffer.byteLength(JSON.stringify([stored.response, stored.input, stored.output]));
    if (bytes + turnBytes(turn) > this.#limits.bytesPerOwner) return;
    this.#shares.set(stored, { bytes, owner, holders: 1 });
    this.#count(owner, bytes + turnBytes(turn));
    const parent = stored.previous === null ? undefined : this.#shares.get(stored.previous);
    if (parent !== undefined) parent.holders += 1;
    this.#entries.set(stored.response.id, { stored, turn, owner, expiresAtMs: this.#clock() + this.#limits.ttlMs });
    this.#evict(owner, stored.response.id);
  }

  /** The response, and those before it are used too; null where the owner has none of this id. */
  get(owner: string, id: string): NamedResponse | null {
    this.dropExpired();
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.owner !== owner) return null;
    // Oldest first, so that a conversation's end outlives its beginning.
    const chain: StoredResponse[] = [];
    for (let at: StoredResponse | null = entry.stored; at !== null; at = at.previous) chain.push(at);
    for (const { response } of chain.toReversed()) this.#touch(response.id);
    return entry;
  }

  /** Whether there was such a response. */
  delete(owner: string, id: string): boolean {
    if (this.get(owner, id) === null) return false;
    this.#remove(id);
    return true;
  }

  /** Frees those whose time is over. */
  dropExpired(): void {
    const nowMs = this.#clock();
    for (const [id, { expiresAtMs }] of this.#entries) if (expiresAtMs <= nowMs) this.#remove(id);
  }

  #touch(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    this.#entries.set(id, entry);
  }

  #remove(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    this.#count(entry.owner, -turnBytes(entry.turn));
    this.#release(entry.stored);
  }

  /** Gives up one hold on a response, and on those before it that nothing holds any more. */
  #release(stored: StoredResponse): void {
    for (let at: StoredResponse | null = stored; at !== null; at = at.previous) {
      const share = this.#shares.get(at);
      if (share === undefined) return;
      share.holders -= 1;
      if (share.holders > 0) return;
      this.#shares.delete(at);
      this.#count(share.owner, -share.bytes);
    }
  }

  #count(owner: string, bytes: number): void {
    const left = this.bytesOf(owner) + bytes;
    if (left === 0) this.#bytes.delete(owner);
    else this.#bytes.set(owner, left);
  }

  #evict(owner: string, keptId: string): void {
    for (const [id, entry] of this.#entries) {
      if (this.bytesOf(owner) <= this.#limits.bytesPerOwner) return;
      if (entry.owner === owner && id !== keptId) this.#remove(id);
    }
    // The rest is held by the new response's own conversation.
    if (this.bytesOf(owner) > this.#limits.bytesPerOwner) this.#remove(keptId);
  }
}
