/**
 * A turn as a session keeps it. Each turn has the whole conversation up to its reply: kept as they are, turns
 * would take memory with the square of their number. So a turn that begins with the one before it has only what it
 * adds. Forks share the turns up to where they part, and a turn that nobody has any more takes nothing.
 */

import { invariant } from "../base/invariant.ts";
import type { Turn } from "./turn.ts";

/** A conversation up to a reply, or a part of it. */
export type Transcript = Pick<Turn, "messages" | "promptText" | "ledger">;

/** What a turn has of its own. */
export type TurnRecord = Omit<Turn, keyof Transcript>;

export interface KeptTurn extends TurnRecord {
  /** Its transcript goes on from that of the turn before it. */
  readonly continues: boolean;
  /** What it adds to that, or all of it. */
  readonly added: Transcript;
}

/** `turns` and the one that followed the last of them. */
export function keepTurn(turns: readonly KeptTurn[], turn: Turn): readonly KeptTurn[] {
  const { messages, promptText, ledger, ...record } = turn;
  const whole = { messages, promptText, ledger };
  const before = turns.length === 0 ? null : transcriptOf(turns);
  if (before === null || !beginsWith(whole, before)) return [...turns, { ...record, continues: false, added: whole }];
  const added = {
    messages: messages.slice(before.messages.length),
    promptText: ownText(promptText.slice(before.promptText.length)),
    ledger: ledger.slice(before.ledger.length),
  };
  return [...turns, { ...record, continues: true, added }];
}

/** The last of `turns`, as it was kept: made anew each time. */
export function restoreTurn(turns: readonly KeptTurn[]): Turn {
  const last = turns.at(-1);
  invariant(last !== undefined, "a turn is restored where one is kept");
  const { continues: _, added: __, ...record } = last;
  return { ...record, ...transcriptOf(turns) };
}

/** Up to the last of `turns`. */
function transcriptOf(turns: readonly KeptTurn[]): Transcript {
  const from = turns.findLastIndex(({ continues }) => !continues);
  const parts = turns.slice(from).map(({ added }) => added);
  const ledger = new Int32Array(parts.reduce((tokens, part) => tokens + part.ledger.length, 0));
  let tokens = 0;
  for (const part of parts) {
    ledger.set(part.ledger, tokens);
    tokens += part.ledger.length;
  }
  return {
    messages: parts.flatMap(({ messages }) => messages),
    promptText: parts.map(({ promptText }) => promptText).join(""),
    ledger,
  };
}

function beginsWith({ messages, promptText, ledger }: Transcript, before: Transcript): boolean {
  return (
    before.messages.every((message, index) => message === messages[index]) &&
    promptText.startsWith(before.promptText) &&
    before.ledger.every((token, index) => token === ledger[index])
  );
}

/** A slice of a text keeps all of that text in memory; its copy does not. */
function ownText(slice: string): string {
  return Buffer.from(slice, "utf16le").toString("utf16le");
}
