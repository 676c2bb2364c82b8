/** When sessions begin: an open loop, so that a slow server does not slow its own load down. */

import { invariant } from "../../base/invariant.ts";
import { createRandom } from "../../base/random.ts";
import type { AgentSession } from "./agent-session.ts";
import { exponential, gamma } from "./distributions.ts";

export type Arrivals =
  /** All at once. */
  | { readonly kind: "burst" }
  | { readonly kind: "poisson"; readonly perMinute: number }
  /** Burstier than Poisson where the coefficient of variation is above 1. */
  | { readonly kind: "gamma"; readonly perMinute: number; readonly variation: number }
  /** The recorded times, which all sessions have to have. */
  | { readonly kind: "recorded" };

const MS_PER_MINUTE = 60_000;

/** Whether the recording tells when its sessions began beside each other. */
export function haveRecordedStarts(sessions: readonly AgentSession[]): boolean {
  return sessions.every(({ start }) => start.kind === "started" || start.recordedMs !== null);
}

/**
 * Milliseconds from the replay's start at which each session begins, in the sessions' order. One that another session
 * started begins so long after that one, whatever the arrivals.
 */
export function startTimesMs(sessions: readonly AgentSession[], arrivals: Arrivals, seed: string): number[] {
  const nextMs = arrivalTimes(sessions, arrivals, seed);
  const begun = new Map<string, number>();
  return sessions.map(({ id, start }) => {
    const atMs = start.kind === "arrives" ? nextMs(start.recordedMs) : (begun.get(start.by) ?? 0) + start.afterMs;
    begun.set(id, atMs);
    return atMs;
  });
}

/** The time at which the next session arrives, call by call; recorded ones are given when they did. */
function arrivalTimes(
  sessions: readonly AgentSession[],
  arrivals: Arrivals,
  seed: string,
): (recordedMs: number | null) => number {
  const random = createRandom(`arrivals/${seed}`);
  let atMs = 0;
  const after = (gapMinutes: number): number => {
    const startMs = atMs;
    atMs += gapMinutes * MS_PER_MINUTE;
    return startMs;
  };
  switch (arrivals.kind) {
    case "burst":
      return () => 0;
    case "poisson":
      return () => after(exponential(random) / arrivals.perMinute);
    case "gamma": {
      const shape = 1 / arrivals.variation ** 2;
      return () => after(gamma(random, shape) / arrivals.perMinute);
    }
    case "recorded": {
      invariant(haveRecordedStarts(sessions), "recorded arrivals need recorded times");
      const known = sessions.flatMap(({ start }) => (start.kind === "arrives" ? (start.recordedMs ?? []) : []));
      const firstMs = known.reduce((first, ms) => Math.min(first, ms), Infinity);
      return (recordedMs) => (recordedMs ?? firstMs) - firstMs;
    }
    default:
      return arrivals satisfies never;
  }
}
