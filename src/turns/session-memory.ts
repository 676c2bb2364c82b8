/** What sessions take in memory: texts and ledgers, each counted once however many sessions share it. */

import type { KeptTurn, Transcript } from "./kept-turn.ts";
import type { ConversationSoFar } from "./turn.ts";

/** Of one tenant's sessions: about 200 conversations of 100,000 tokens. */
export const MAX_TENANT_BYTES = 256 * 1024 * 1024;

export interface MemoryPart {
  /** Forks have the same. */
  readonly part: object;
  readonly bytes: number;
}

/** Of a session that began as `beginning`. */
export function memoryParts({ frame, messages }: ConversationSoFar, turns: readonly KeptTurn[]): readonly MemoryPart[] {
  const given = [frame.tools, frame.variables, messages].filter((part) => part !== undefined);
  return [
    ...given.map((part) => ({ part, bytes: jsonBytes(part) })),
    ...turns.map(({ added }) => ({ part: added, bytes: transcriptBytes(added) })),
  ];
}

export function totalBytes(parts: Iterable<MemoryPart>): number {
  const seen = new Set<object>();
  let total = 0;
  for (const { part, bytes } of parts) {
    if (!seen.has(part)) total += bytes;
    seen.add(part);
  }
  return total;
}

/** The prompt's text is there twice: as it was rendered, and in the messages. Two bytes a character. */
function transcriptBytes({ ledger, promptText }: Transcript): number {
  return ledger.byteLength + 2 * 2 * promptText.length;
}

/** Forks have what their source has: it is measured once. */
const measured = new WeakMap<object, number>();

function jsonBytes(value: object): number {
  const known = measured.get(value);
  if (known !== undefined) return known;
  const bytes = 2 * JSON.stringify(value).length;
  measured.set(value, bytes);
  return bytes;
}
