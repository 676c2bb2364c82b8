/**
 * Sessions of the project's own, for where no recording is at hand: a system prompt that all share, a task
 * each, and tool results of varying length. The shape follows recorded coding agents at a small scale:
 * prompts grow by a few hundred tokens a turn, answers are short, gaps are seconds.
 */

import { type AgentSession, type ReplayTurn, UNRECORDED_START } from "./agent-session.ts";
import { fillerText } from "./filler-text.ts";
import { createRandom } from "../../base/random.ts";
import { exponential, normal } from "./distributions.ts";

export interface GeneratedShape {
  readonly sessions: number;
  readonly turns: number;
  readonly systemTokens: number;
  /** Mean of the tool results and messages that a turn adds. */
  readonly turnTokens: number;
  /** Mean of the answers. */
  readonly outputTokens: number;
  /** Mean of the gaps between an answer and the next turn. */
  readonly thinkMs: number;
}

/** Spread of the lengths, as the deviation of their logarithm. */
const LENGTH_SPREAD = 0.6;
/** A turn that ends an agent's task speaks to a person; the others call a tool. */
const ACTING_SHARE = 0.8;

export function generateSessions(shape: GeneratedShape, seed: string): AgentSession[] {
  const system = fillerText(shape.systemTokens, `${seed}/system`);
  return Array.from({ length: shape.sessions }, (_, session): AgentSession => {
    const random = createRandom(`${seed}/${session}`);
    /** Log-normal of the given mean. */
    const length = (mean: number): number =>
      Math.max(1, Math.round(mean * Math.exp(LENGTH_SPREAD * normal(random) - LENGTH_SPREAD ** 2 / 2)));
    const turns = Array.from({ length: shape.turns }, (__, turn): ReplayTurn => {
      const added = {
        role: "user",
        content: fillerText(length(shape.turnTokens), `${seed}/${session}/${turn}`),
      } as const;
      return {
        thinkMs: turn === 0 ? 0 : shape.thinkMs * exponential(random),
        keptMessages: null,
        messages: turn === 0 ? [{ role: "system", content: system }, added] : [added],
        outputTokens: length(shape.outputTokens),
        acts: random() < ACTING_SHARE,
      };
    });
    return { id: `generated-${session}`, start: UNRECORDED_START, turns };
  });
}
