/** What `turnwise bench sessions` found, and how a person reads it. */

import type { Spread } from "../spread.ts";

/** Turns of one kind. */
export interface TurnsFigure {
  readonly name: string;
  /** Of each of them. */
  readonly cachedTokens: number;
  readonly prefilledTokens: number;
  readonly firstTokenMs: Spread;
  /** Of that what the engine took; the median. */
  readonly prefillMs: number;
  /** Of the medians: how much longer than a bare prompt of as many tokens. */
  readonly timesBare: number;
}

export interface ForksFigure {
  readonly count: number;
  /** Of one fork, as its client sees it. */
  readonly ms: Spread;
  /** Pages of the pool that the forks took by being made. */
  readonly pages: number;
  /** Pages that each took while all ran the same turn, at most: they have not diverged. */
  readonly pagesWhileRunning: number;
}

export interface SessionsReport {
  readonly model: string;
  readonly backend: string;
  readonly threads: number;
  readonly rounds: number;
  readonly contextTokens: number;
  readonly fillSeconds: number;
  /** The first is the bare prompt. */
  readonly turns: readonly TurnsFigure[];
  readonly forks: ForksFigure;
}

const wholeMs = (value: number): string => value.toFixed(0);

/** Table rows, the first of which is the head. */
export function turnRows({ turns }: SessionsReport): string[][] {
  return [
    ["", "cached", "prefilled", "first token ms", "min", "max", "of it prefill", "x bare"],
    ...turns.map(({ name, cachedTokens, prefilledTokens, firstTokenMs, prefillMs, timesBare }) => [
      name,
      String(cachedTokens),
      String(prefilledTokens),
      wholeMs(firstTokenMs.median),
      wholeMs(firstTokenMs.min),
      wholeMs(firstTokenMs.max),
      wholeMs(prefillMs),
      timesBare.toFixed(2),
    ]),
  ];
}

export function forkLine({ forks: { count, ms, pages, pagesWhileRunning } }: SessionsReport): string {
  return (
    `${count} forks: ${ms.median.toFixed(2)} ms each (at most ${ms.max.toFixed(2)}), ${pages} pages; ` +
    `while all run the same turn at most ${pagesWhileRunning.toFixed(2)} pages each`
  );
}
