/**
 * Plays sessions against a server. Sessions begin at given times whatever the server does (open loop);
 * inside a session each turn waits for the answer before it and the recorded gap (closed loop). Every clock
 * starts at the intended time, so a turn that is sent late counts its delay ("coordinated omission").
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

export type SendTurn = (request: ChatTurnRequest) => Promise<ChatTurnResult>;

/** The turns that were played, in the order in which they ended. A session ends at its first failure. */
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
    const record = await playTurn(session.id, index, turn, intendedMs, history, send, options);
    // What Ctrl-C cut short says nothing of the server.
    if (options.signal.aborted) return;
    add(record);
    if (record.failure !== null) return;
    history.push({ role: "assistant", content: record.text });
    intendedMs = record.endMs;
  }
}

async function playTurn(
  session: string,
  index: number,
  turn: ReplayTurn,
  intendedMs: number,
  messages: readonly { readonly role: string; readonly content: string }[],
  send: SendTurn,
  { clock, turnTimeoutMs, signal }: ReplayOptions,
): Promise<TurnRecord> {
  const base = { session, index, acts: turn.acts, intendedMs, text: "" };
  const timeout = AbortSignal.timeout(turnTimeoutMs);
  try {
    const result = await send({
      messages,
      outputTokens: turn.outputTokens,
      signal: AbortSignal.any([signal, timeout]),
    });
    const failure =
      result.outputTokens === turn.outputTokens
        ? null
        : `the answer has ${result.outputTokens} tokens, ${turn.outputTokens} were asked for`;
    return { ...base, ...result, endMs: clock.now(), failure };
  } catch (error) {
    const failure = timeout.aborted ? `took longer than ${turnTimeoutMs} ms` : messageOf(error);
    return { ...base, endMs: clock.now(), deltaMs: [], promptTokens: 0, outputTokens: 0, cachedTokens: 0, failure };
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
