/** Sums of verdicts as shares with their uncertainty. */

import { SCORES, type ScoreName, type Verdict } from "./judge.ts";

export interface Share {
  readonly right: number;
  readonly total: number;
  /** right / total; null where nothing was judged. */
  readonly share: number | null;
  /** Bounds of the 95 % interval, by Wilson (1927): good near 0 and 1 too. */
  readonly interval: readonly [number, number] | null;
}

export type ScoreTable = Readonly<Record<ScoreName, Share>>;

const Z = 1.959964;

export function shareOf(right: number, total: number): Share {
  if (total === 0) return { right, total, share: null, interval: null };
  const p = right / total;
  const centre = (p + Z ** 2 / (2 * total)) / (1 + Z ** 2 / total);
  const half = (Z / (1 + Z ** 2 / total)) * Math.sqrt((p * (1 - p)) / total + Z ** 2 / (4 * total ** 2));
  return { right, total, share: p, interval: [Math.max(0, centre - half), Math.min(1, centre + half)] };
}

export function tally(verdicts: readonly Verdict[]): ScoreTable {
  const entries = SCORES.map((name) => {
    const judged = verdicts.flatMap((verdict) => (verdict[name] === null ? [] : [verdict[name]]));
    return [name, shareOf(judged.filter(Boolean).length, judged.length)] as const;
  });
  return Object.fromEntries(entries) as Record<ScoreName, Share>;
}
