/**
 * The turns that a tenant's stateless clients may come back with: each is found by its whole conversation.
 * A client resends replies as text or parsed calls, and to tokenise those gives other tokens than were
 * generated; with the turn, the ledger stands in their place. What was not used for an hour is forgotten, and of each
 * tenant the least recently used where its turns take too much.
 */

import type { ChatMessage } from "../text/template/types.ts";
import { prefixHashes } from "./canonical-message.ts";
import { type ConversationSoFar, type Turn, turnBytes } from "./turn.ts";

/** Of one tenant: about 150 conversations of 100,000 tokens. */
const MAX_TENANT_BYTES = 64 * 1024 * 1024;

/** As sessions live by default. A client that comes back later is tokenised anew. */
const KEEP_MS = 3_600_000;

/** Turns that a request is compared with, message by message, where it continues none. */
const MAX_RECENT = 16;

interface Entry {
  readonly turn: Turn;
  /** Of its whole conversation. */
  readonly hash: string;
  /** Last. */
  readonly usedMs: number;
}

interface Memory {
  /** By part of the cache and conversation, least recently used first. */
  readonly entries: Map<string, Entry>;
  /** By conversation: the key of its entry that came last, in whatever part of the cache. */
  readonly lastKeys: Map<string, string>;
  bytes: number;
}

/** A turn that a conversation goes on from. */
export interface KnownTurn {
  readonly turn: Turn;
  /** The messages behind it. */
  readonly added: readonly ChatMessage[];
}

export class TurnMemory {
  readonly #clock: () => number;
  readonly #memories = new Map<string, Memory>();

  constructor(clock: () => number = Date.now) {
    this.#clock = clock;
  }

  add(tenant: string, turn: Turn): void {
    let memory = this.#memories.get(tenant);
    if (memory === undefined) {
      memory = { entries: new Map(), lastKeys: new Map(), bytes: 0 };
      this.#memories.set(tenant, memory);
    }
    const hash = prefixHashes(turn.frame, turn.messages).at(-1) ?? "";
    const key = keyOf(turn.cacheKey, hash);
    forget(memory, key);
    memory.entries.set(key, { turn, hash, usedMs: this.#clock() });
    memory.lastKeys.set(hash, key);
    memory.bytes += turnBytes(turn);
    for (const oldest of memory.entries.keys()) {
      if (memory.bytes <= MAX_TENANT_BYTES) break;
      forget(memory, oldest);
    }
  }

  /** The longest known turn of this part of the tenant's cache that `messages` begin with. */
  find(tenant: string, cacheKey: string, now: ConversationSoFar): KnownTurn | null {
    const memory = this.#memories.get(tenant);
    return memory === undefined ? null : this.#longest(memory, now, (hash) => keyOf(cacheKey, hash));
  }

  /** The same in whatever part of the tenant's cache: the one that came last. */
  findAnywhere(tenant: string, now: ConversationSoFar): KnownTurn | null {
    const memory = this.#memories.get(tenant);
    return memory === undefined ? null : this.#longest(memory, now, (hash) => memory.lastKeys.get(hash));
  }

  /** The turns used last, the very last first. */
  recent(tenant: string, cacheKey: string): readonly Turn[] {
    const turns = Array.from(this.#memories.get(tenant)?.entries.values() ?? [], ({ turn }) => turn);
    return turns
      .filter((turn) => turn.cacheKey === cacheKey)
      .toReversed()
      .slice(0, MAX_RECENT);
  }

  /** Frees what was not used for its time, of every tenant. */
  dropExpired(): void {
    const oldestMs = this.#clock() - KEEP_MS;
    for (const [tenant, memory] of this.#memories) {
      for (const [key, { usedMs }] of memory.entries) {
        if (usedMs > oldestMs) break;
        forget(memory, key);
      }
      if (memory.entries.size === 0) this.#memories.delete(tenant);
    }
  }

  #longest(
    memory: Memory,
    { frame, messages }: ConversationSoFar,
    keyFor: (hash: string) => string | undefined,
  ): KnownTurn | null {
    const hashes = prefixHashes(frame, messages);
    for (let count = messages.length - 1; count > 0; count--) {
      if (messages[count - 1]?.role !== "assistant") continue;
      const key = keyFor(hashes[count] ?? "");
      const entry = key === undefined ? undefined : memory.entries.get(key);
      if (key === undefined || entry === undefined) continue;
      memory.entries.delete(key);
      memory.entries.set(key, { ...entry, usedMs: this.#clock() });
      const { turn } = entry;
      // The reply as the client has it: what answers its calls goes by the ids that the client was given.
      const reply = messages[count - 1] ?? turn.messages.at(-1);
      const spoken = reply === undefined ? turn.messages : [...turn.messages.slice(0, -1), reply];
      return { turn: { ...turn, messages: spoken }, added: messages.slice(count) };
    }
    return null;
  }
}

function forget(memory: Memory, key: string): void {
  const entry = memory.entries.get(key);
  if (entry === undefined) return;
  memory.entries.delete(key);
  if (memory.lastKeys.get(entry.hash) === key) memory.lastKeys.delete(entry.hash);
  memory.bytes -= turnBytes(entry.turn);
}

/** A tenant that keeps parts of its cache apart keeps the turns in them apart. */
const keyOf = (cacheKey: string, hash: string): string => JSON.stringify([cacheKey, hash]);
