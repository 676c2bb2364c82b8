/** What `turnwise bench stalls` found, and how a person reads it. */

import { at } from "../../base/invariant.ts";
import { type Spread, spreadOf } from "../spread.ts";
import { nearestRank } from "../turns/statistics.ts";

export interface Gap {
  /** When it ended, from the prompt's arrival. */
  readonly atMs: number;
  readonly ms: number;
}

/** One run of the load. */
export interface StallSample {
  /** Between two tokens of a stream, from when all streams run until the prompt comes. */
  readonly leadGapsMs: readonly number[];
  /** The same from the prompt's arrival to its first token. */
  readonly gapsMs: readonly number[];
  /** The longest of them, longest first. */
  readonly longestGaps: readonly Gap[];
  /** From the prompt's arrival to its first token, or until it was given up. */
  readonly promptMs: number;
  /** By the streams in that time. */
  readonly generatedTokens: number;
  /** Of the prompt and of the streams, in that time. */
  readonly tokensPerSecond: number;
  readonly completed: boolean;
}

/** Of all rounds. */
export interface BudgetFigure {
  /** The engine's `maxStallMs`; null for no bound. */
  readonly budgetMs: number | null;
  /** Of a step in which only the streams decode: the median gap before the prompt comes. */
  readonly decodeStepMs: number;
  /** The 99th percentile of the same gaps: what the machine varies by itself. */
  readonly leadP99Ms: number;
  readonly gapMs: { readonly count: number; readonly p50: number; readonly p99: number; readonly max: number };
  /** What the 99th percentile may be: 1.3 x (budget + decode step). */
  readonly limitMs: number | null;
  readonly isWithinLimit: boolean | null;
  readonly promptMs: Spread;
  /** Of each round. */
  readonly longestGaps: readonly (readonly Gap[])[];
  /** In every round. */
  readonly completed: boolean;
  readonly generatedTokens: Spread;
  /**
   * While the prompt is computed. A budget's time holds more tokens of the streams, which cost more each than those
   * of a prompt: were the streams' tokens as many in all runs, its share of the unbounded run would be higher.
   */
  readonly tokensPerSecond: Spread;
  /** The median over the rounds. */
  readonly shareOfUnbounded: number;
  /**
   * The time that the unbounded run takes for the same tokens, as a share of this run's: the prompt's, and a decode
   * step for each token more that every stream has here. The median over the rounds; null where the prompt did not complete.
   */
  readonly sameWorkShare: number | null;
}

export interface StallsReport {
  readonly turnwise: string;
  readonly node: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly cpu: string;
  readonly model: string;
  readonly backend: string;
  readonly threads: number;
  readonly kvType: string;
  readonly streams: number;
  readonly promptTokens: number;
  readonly rounds: number;
  /** The first has no bound. */
  readonly budgets: readonly BudgetFigure[];
}

/** Above the budget by the share that a prediction may be off. */
const LIMIT_FACTOR = 1.3;

/** `free` are the samples without a bound, of the same rounds. */
export function budgetFigure(
  budgetMs: number | null,
  samples: readonly StallSample[],
  free: readonly StallSample[],
  streams: number,
): BudgetFigure {
  const gaps = ascending(samples.flatMap(({ gapsMs }) => gapsMs));
  const leadGaps = ascending(samples.flatMap(({ leadGapsMs }) => leadGapsMs));
  const decodeStepMs = nearestRank(leadGaps, 0.5);
  const p99 = nearestRank(gaps, 0.99);
  const limitMs = budgetMs === null ? null : LIMIT_FACTOR * (budgetMs + decodeStepMs);
  const medianShare = (shareOf: (sample: StallSample, free: StallSample) => number): number =>
    spreadOf(samples.map((sample, round) => shareOf(sample, at(free, round)))).median;
  const completed = samples.every((sample) => sample.completed);
  return {
    budgetMs,
    decodeStepMs,
    leadP99Ms: nearestRank(leadGaps, 0.99),
    gapMs: { count: gaps.length, p50: nearestRank(gaps, 0.5), p99, max: nearestRank(gaps, 1) },
    limitMs,
    isWithinLimit: limitMs === null ? null : p99 <= limitMs,
    promptMs: spreadOf(samples.map(({ promptMs }) => promptMs)),
    longestGaps: samples.map(({ longestGaps }) => longestGaps),
    completed,
    generatedTokens: spreadOf(samples.map(({ generatedTokens }) => generatedTokens)),
    tokensPerSecond: spreadOf(samples.map(({ tokensPerSecond }) => tokensPerSecond)),
    shareOfUnbounded: medianShare((sample, unbounded) => sample.tokensPerSecond / unbounded.tokensPerSecond),
    sameWorkShare: completed
      ? medianShare((sample, unbounded) => sameWorkMs(sample, unbounded, streams) / sample.promptMs)
      : null,
  };
}

/** What a run without a bound takes for the prompt and for as many tokens of the streams as `sample` has. */
function sameWorkMs(sample: StallSample, free: StallSample, streams: number): number {
  const steps = (sample.generatedTokens - free.generatedTokens) / streams;
  return free.promptMs + steps * nearestRank(ascending(free.leadGapsMs), 0.5);
}

function ascending(values: readonly number[]): Float64Array {
  return Float64Array.from(values).toSorted();
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const wholeMs = (value: number): string => `${value.toFixed(0)} ms`;

/** Table rows, the first of which is the head. */
export function stallRows({ budgets }: StallsReport): string[][] {
  return [
    [
      "budget",
      "decode step",
      "p99",
      "gap p50",
      "p99",
      "may be",
      "longest",
      "prompt",
      "tokens/s",
      "of unbounded",
      "same work",
    ],
    ...budgets.map((figure) => [
      figure.budgetMs === null ? "none" : `${figure.budgetMs} ms`,
      `${figure.decodeStepMs.toFixed(1)} ms`,
      `${figure.leadP99Ms.toFixed(1)} ms`,
      wholeMs(figure.gapMs.p50),
      wholeMs(figure.gapMs.p99),
      figure.limitMs === null ? "" : `${wholeMs(figure.limitMs)}${figure.isWithinLimit === true ? "" : " (above)"}`,
      wholeMs(figure.gapMs.max),
      figure.completed ? `${(figure.promptMs.median / 1000).toFixed(1)} s` : "not completed",
      figure.tokensPerSecond.median.toFixed(1),
      percent(figure.shareOfUnbounded),
      figure.sameWorkShare === null ? "" : percent(figure.sameWorkShare),
    ]),
  ];
}

/** For below the table. */
export const STALL_NOTES =
  "of unbounded: tokens a second of prompt and streams together; a bound leaves time for more of the streams' tokens, which\n" +
  "cost more. same work: the time without a bound for the same tokens, as a share of the time with it.";
