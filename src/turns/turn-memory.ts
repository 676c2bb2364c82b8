/**
 * The turns that a tenant's stateless clients may come back with: each is found by its whole conversation.
 * A client resends replies as text or parsed calls, and to tokenise those gives other tokens than were
 * generated; with the turn, the ledger stands in their place. The least recently used are forgotten.
 */

import type { ChatMessage } from "../text/template/types.ts";
import { prefixHashes } from "./canonical-message.ts";
import { type ConversationSoFar, type Turn, turnBytes } from "./turn.ts";

/** Of one tenant: about 150 conversations of 100,000 tokens. */
const MAX_TENANT_BYTES = 64 * 1024 * 1024;

/** Turns that a request is compared with, message by message, where it continues none. */
const MAX_RECENT = 16;

interface Memory {
  /** Least recently used first. */
  readonly turns: Map<string, Turn>;
  bytes: number;
}

export class TurnMemory {
  readonly #memories = new Map<string, Memory>();

  add(tenant: string, turn: Turn): void {
    let memory = this.#memories.get(tenant);
    if (memory === undefined) {
      memory = { turns: new Map(), bytes: 0 };
      this.#memories.set(tenant, memory);
    }
    const key = keyOf(turn.cacheKey, prefixHashes(turn.frame, turn.messages).at(-1));
    this.#forget(memory, key);
    memory.turns.set(key, turn);
    memory.bytes += turnBytes(turn);
    for (const oldest of memory.turns.keys()) {
      if (memory.bytes <= MAX_TENANT_BYTES) break;
      this.#forget(memory, oldest);
    }
  }

  /** The longest known turn that `messages` begin with, and the messages behind it. */
  find(
    tenant: string,
    cacheKey: string,
    { frame, messages }: ConversationSoFar,
  ): { readonly turn: Turn; readonly added: readonly ChatMessage[] } | null {
    const memory = this.#memories.get(tenant);
    if (memory === undefined) return null;
    const hashes = prefixHashes(frame, messages);
    for (let count = messages.length - 1; count > 0; count--) {
      if (messages[count - 1]?.role !== "assistant") continue;
      const key = keyOf(cacheKey, hashes[count]);
      const turn = memory.turns.get(key);
      if (turn === undefined) continue;
      memory.turns.delete(key);
      memory.turns.set(key, turn);
      // The reply as the client has it: what answers its calls goes by the ids that the client was given.
      const reply = messages[count - 1] ?? turn.messages.at(-1);
      const spoken = reply === undefined ? turn.messages : [...turn.messages.slice(0, -1), reply];
      return { turn: { ...turn, messages: spoken }, added: messages.slice(count) };
    }
    return null;
  }

  /** The turns used last, the very last first. */
  recent(tenant: string, cacheKey: string): readonly Turn[] {
    const turns = [...(this.#memories.get(tenant)?.turns.values() ?? [])];
    return turns
      .filter((turn) => turn.cacheKey === cacheKey)
      .toReversed()
      .slice(0, MAX_RECENT);
  }

  #forget(memory: Memory, key: string): void {
    const turn = memory.turns.get(key);
    if (turn === undefined) return;
    memory.turns.delete(key);
    memory.bytes -= turnBytes(turn);
  }
}

/** A tenant that keeps parts of its cache apart keeps the turns in them apart. */
const keyOf = (cacheKey: string, hash = ""): string => JSON.stringify([cacheKey, hash]);
