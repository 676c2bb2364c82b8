/**
 * A turn as a session keeps it. Each turn has the whole conversation up to its reply: kept as they are, turns
 * would take memory with the square of their number. So of a turn that a later one begins with, only where it
 * ends in that one is kept.
 */

import type { Turn } from "./turn.ts";

export type Transcript = Pick<Turn, "messages" | "promptText" | "ledger">;

/** What a turn has of its own. */
export type TurnRecord = Omit<Turn, keyof Transcript>;

export interface KeptTurn extends TurnRecord {
  /** Its own transcript, or that of a later turn, which begins with its own. */
  readonly within: Transcript;
  /** How much of it is its own. */
  readonly messageCount: number;
  readonly promptCharacters: number;
  readonly ledgerTokens: number;
}

/** `turns` and the one that followed the last of them. */
export function keepTurn(turns: readonly KeptTurn[], turn: Turn): readonly KeptTurn[] {
  const { messages, promptText, ledger, ...record } = turn;
  const within = { messages, promptText, ledger };
  const [messageCount, promptCharacters, ledgerTokens] = [messages.length, promptText.length, ledger.length];
  const kept = { ...record, within, messageCount, promptCharacters, ledgerTokens };
  const last = turns.at(-1);
  if (last === undefined || !beginsWith(within, last)) return [...turns, kept];
  return [...turns.map((earlier) => (earlier.within === last.within ? { ...earlier, within } : earlier)), kept];
}

/** The turn that was kept. */
export function restoreTurn(kept: KeptTurn): Turn {
  const { within, messageCount, promptCharacters, ledgerTokens, ...record } = kept;
  return {
    ...record,
    messages: within.messages.slice(0, messageCount),
    promptText: within.promptText.slice(0, promptCharacters),
    ledger: within.ledger.subarray(0, ledgerTokens),
  };
}

function beginsWith({ messages, promptText, ledger }: Transcript, kept: KeptTurn): boolean {
  const before = restoreTurn(kept);
  return (
    before.messages.every((message, index) => message === messages[index]) &&
    promptText.startsWith(before.promptText) &&
    before.ledger.every((token, index) => token === ledger[index])
  );
}
