/** When sessions begin: an open loop, so that a slow server does not slow its own load down. */

import { invariant } from "../../base/invariant.ts";
import type { AgentSession } from "./agent-session.ts";
import { createRandom } from "../../base/random.ts";
import { exponential, gamma } from "./distributions.ts";

export type Arrivals =
  /** All at once. */
  | { readonly kind: "burst" }
  | { readonly kind: "poisson"; readonly perMinute: number }
  /** Burstier than Poisson where the coefficient of variation is above 1. */
  | { readonly kind: "gamma"; readonly perMinute: number; readonly variation: number }
  /** The recorded times, multiplied. */
  | { readonly kind: "recorded"; readonly timeScale: number };

const MS_PER_MINUTE = 60_000;

/** Milliseconds from the replay's start at which each session begins, in the sessions' order. */
export function startTimesMs(sessions: readonly AgentSession[], arrivals: Arrivals, seed: string): number[] {
  const random = createRandom(`arrivals/${seed}`);
  let atMs = 0;
  const after = (gapMs: number): number => {
    const startMs = atMs;
    atMs += gapMs;
    return startMs;
  };
  switch (arrivals.kind) {
    case "burst":
      return sessions.map(() => 0);
    case "poisson":
      return sessions.map(() => after((exponential(random) * MS_PER_MINUTE) / arrivals.perMinute));
    case "gamma": {
      const shape = 1 / arrivals.variation ** 2;
      return sessions.map(() => after((gamma(random, shape) * MS_PER_MINUTE) / arrivals.perMinute));
    }
    case "recorded": {
      const starts = sessions.map(({ recordedStartMs }) => recordedStartMs);
      const known = starts.filter((start) => start !== null);
      invariant(known.length === starts.length, "recorded arrivals need recorded times");
      const first = Math.min(...known);
      return known.map((start) => (start - first) * arrivals.timeScale);
    }
    default:
      return arrivals satisfies never;
  }
}
