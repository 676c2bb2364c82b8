/**
 * Plays sessions against a server. Sessions begin at given times whatever the server does (open loop);
 * inside a session each turn waits for the answer before it and the recorded gap (closed loop). Every clock
 * starts at the intended time, so a turn that is sent late counts its delay ("coordinated omission"), and the
 * turns behind one that failed count as failed, so a server gains nothing by refusing a session early.
 */

import type { AgentSession, ReplayTurn } from "./agent-session.ts";
import type { ChatTurnRequest, ChatTurnResult } from "./chat-stream.ts";
import type { TurnRecord } from "./turn-record.ts";

export interface ReplayClock {
  /** Milliseconds. */
  now(): number;
  /** Resolves at `atMs`, or at once where it has passed or the signal aborts. */
  waitUntil(atMs: number, signal: AbortSignal): Promise<void>;
}

export interface ReplayOptions {
  readonly clock: ReplayClock;
  /** A turn that takes longer counts as failed. */
  readonly turnTimeoutMs: number;
  readonly signal: AbortSignal;
  readonly onTurn?: (record: TurnRecord) => void;
}

/** Does not reject: what goes wrong is in the result, with what came before it. */
export type SendTurn = (request: ChatTurnRequest) => Promise<ChatTurnResult>;

/** A record of every turn, in the order in which they ended; where the signal aborts, of those that had ended. */
export async function replay(
  sessions: readonly AgentSession[],
  startsMs: readonly number[],
  send: SendTurn,
  options: ReplayOptions,
): Promise<TurnRecord[]> {
  const records: TurnRecord[] = [];
  const originMs = options.clock.now();
  const add = (record: TurnRecord): void => {
    records.push(record);
    options.onTurn?.(record);
  };
  await Promise.all(
    sessions.map((session, index) => playSession(session, originMs + (startsMs[index] ?? 0), send, options, add)),
  );
  return records;
}

async function playSession(
  session: AgentSession,
  startMs: number,
  send: SendTurn,
  options: ReplayOptions,
  add: (record: TurnRecord) => void,
): Promise<void> {
  const history: { role: string; content: string }[] = [];
  let intendedMs = startMs;
  for (const [index, turn] of session.turns.entries()) {
    intendedMs += turn.thinkMs;
    await options.clock.waitUntil(intendedMs, options.signal);
    if (options.signal.aborted) return;
    history.length = Math.min(history.length, turn.keptMessages ?? history.length);
    history.push(...turn.messages);
    const { text, ...played } = await playTurn(turn, history, send, options);
    // What Ctrl-C cut short says nothing of the server.
    if (options.signal.aborted) return;
    add({ session: session.id, index, acts: turn.acts, intendedMs, ...played, isPlayed: true });
    intendedMs = played.endMs;
    if (played.failure !== null) {
      for (const record of unplayedTurns(session, index + 1, intendedMs)) add(record);
      return;
    }
    history.push({ role: "assistant", content: text });
  }
}

/** The answer and its end, with the reason where it counts as failed. */
async function playTurn(
  { outputTokens }: ReplayTurn,
  messages: ChatTurnRequest["messages"],
  send: SendTurn,
  { clock, turnTimeoutMs, signal }: ReplayOptions,
): Promise<ChatTurnResult & { readonly endMs: number }> {
  const timeout = AbortSignal.timeout(turnTimeoutMs);
  const result = await send({ messages, outputTokens, signal: AbortSignal.any([signal, timeout]) });
  const endMs = clock.now();
  if (result.failure !== null) {
    return { ...result, endMs, failure: timeout.aborted ? `took longer than ${turnTimeoutMs} ms` : result.failure };
  }
  if (result.outputTokens === outputTokens) return { ...result, endMs };
  const failure = `the answer has ${result.outputTokens} tokens, ${outputTokens} were asked for`;
  return { ...result, endMs, failure };
}

/** The turns of `session` from `first` on: without the answer that failed there is no conversation to go on with. */
function unplayedTurns({ id, turns }: AgentSession, first: number, atMs: number): TurnRecord[] {
  return turns.slice(first).map(({ acts }, offset) => ({
    session: id,
    index: first + offset,
    acts,
    intendedMs: atMs,
    endMs: atMs,
    deltaMs: [],
    promptTokens: 0,
    outputTokens: 0,
    cachedTokens: 0,
    failure: `not played: turn ${first} failed`,
    isPlayed: false,
  }));
}
