/**
 * What a replay plays: sessions of agents as plain data, whatever they were read from. A session is a
 * conversation that only grows, or is cut back where its agent compacted it.
 */

export interface ReplayMessage {
  readonly role: "system" | "user";
  readonly content: string;
}

/** One request of an agent and the answer it waits for. */
export interface ReplayTurn {
  /** Since the previous answer of the session was complete: the tool ran, or a person thought. */
  readonly thinkMs: number;
  /** Earlier messages of the session, answers among them, that this turn still has; null: all of them. */
  readonly keptMessages: number | null;
  /** What is new in this turn. */
  readonly messages: readonly ReplayMessage[];
  /** The answer's length, which is forced, so that every server does the same work. */
  readonly outputTokens: number;
  /** The recorded answer called a tool: its end is an action of the agent. */
  readonly acts: boolean;
}

export type SessionStart =
  /** By itself. `recordedMs` is when it did, on a clock that all sessions of the recording share; null without one. */
  | { readonly kind: "arrives"; readonly recordedMs: number | null }
  /** Another session started it, which comes before it in every list: a subagent's. */
  | { readonly kind: "started"; readonly by: string; readonly afterMs: number };

export const UNRECORDED_START: SessionStart = { kind: "arrives", recordedMs: null };

export interface AgentSession {
  readonly id: string;
  readonly start: SessionStart;
  readonly turns: readonly ReplayTurn[];
}

/** Where sessions come from, and what was changed in them, for the report. */
export interface SessionSource {
  readonly name: string;
  readonly sessions: readonly AgentSession[];
}
