/**
 * The turns that a tenant's stateless clients may come back with: each is found by its whole conversation.
 * A client resends replies as text or parsed calls, and to tokenise those gives other tokens than were
 * generated; with the turn, the ledger stands in their place. The least recently used are forgotten.
 */

import type { ChatMessage } from "../text/template/types.ts";
import { prefixHashes } from "./canonical-message.ts";
import type { ConversationFrame, Turn } from "./turn.ts";

/** Of one tenant: about 150 conversations of 100,000 tokens. */
const MAX_TENANT_BYTES = 64 * 1024 * 1024;

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
    const key = prefixHashes(turn.frame, turn.messages).at(-1) ?? "";
    this.#forget(memory, key);
    memory.turns.set(key, turn);
    memory.bytes += bytesOf(turn);
    for (const oldest of memory.turns.keys()) {
      if (memory.bytes <= MAX_TENANT_BYTES) break;
      this.#forget(memory, oldest);
    }
  }

  /** The longest known turn that `messages` begin with, and the messages behind it. */
  find(
    tenant: string,
    frame: ConversationFrame,
    messages: readonly ChatMessage[],
  ): { readonly turn: Turn; readonly added: readonly ChatMessage[] } | null {
    const memory = this.#memories.get(tenant);
    if (memory === undefined) return null;
    const hashes = prefixHashes(frame, messages);
    for (let count = messages.length - 1; count > 0; count--) {
      if (messages[count - 1]?.role !== "assistant") continue;
      const key = hashes[count] ?? "";
      const turn = memory.turns.get(key);
      if (turn === undefined) continue;
      memory.turns.delete(key);
      memory.turns.set(key, turn);
      return { turn, added: messages.slice(count) };
    }
    return null;
  }

  #forget(memory: Memory, key: string): void {
    const turn = memory.turns.get(key);
    if (turn === undefined) return;
    memory.turns.delete(key);
    memory.bytes -= bytesOf(turn);
  }
}

/** Messages are shared with the turns before; the prompt's text and the ledger are a turn's own. */
function bytesOf({ ledger, promptText }: Turn): number {
  return ledger.byteLength + 2 * promptText.length;
}
