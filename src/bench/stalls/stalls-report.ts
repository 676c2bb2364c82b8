/** What `turnwise bench stalls` found, and how a person reads it. */

import { type Spread, spreadOf } from "../spread.ts";
import { nearestRank } from "../turns/statistics.ts";

/** One run of the load. */
export interface StallSample {
  /** Between two tokens of a stream, before the prompt came. */
  readonly leadGapsMs: readonly number[];
  /** The same from the prompt's arrival to its first token. */
  readonly gapsMs: readonly number[];
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
  readonly gapMs: { readonly count: number; readonly p50: number; readonly p99: number; readonly max: number };
  /** What the 99th percentile may be: 1.3 x (budget + decode step). */
  readonly limitMs: number | null;
  readonly isWithinLimit: boolean | null;
  readonly promptMs: Spread;
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
): BudgetFigure {
  const ascending = (pick: (sample: StallSample) => readonly number[]): Float64Array =>
    Float64Array.from(samples.flatMap(pick)).toSorted();
  const gaps = ascending(({ gapsMs }) => gapsMs);
  const decodeStepMs = nearestRank(
    ascending(({ leadGapsMs }) => leadGapsMs),
    0.5,
  );
  const p99 = nearestRank(gaps, 0.99);
  const limitMs = budgetMs === null ? null : LIMIT_FACTOR * (budgetMs + decodeStepMs);
  const shares = samples.map(
    ({ tokensPerSecond }, round) => tokensPerSecond / (free[round]?.tokensPerSecond ?? Number.NaN),
  );
  return {
    budgetMs,
    decodeStepMs,
    gapMs: { count: gaps.length, p50: nearestRank(gaps, 0.5), p99, max: nearestRank(gaps, 1) },
    limitMs,
    isWithinLimit: limitMs === null ? null : p99 <= limitMs,
    promptMs: spreadOf(samples.map(({ promptMs }) => promptMs)),
    completed: samples.every(({ completed }) => completed),
    generatedTokens: spreadOf(samples.map(({ generatedTokens }) => generatedTokens)),
    tokensPerSecond: spreadOf(samples.map(({ tokensPerSecond }) => tokensPerSecond)),
    shareOfUnbounded: spreadOf(shares).median,
  };
}

const wholeMs = (value: number): string => `${value.toFixed(0)} ms`;

/** Table rows, the first of which is the head. */
export function stallRows({ budgets }: StallsReport): string[][] {
  return [
    ["budget", "decode step", "gap p50", "p99", "may be", "longest", "prompt", "tokens/s", "of unbounded"],
    ...budgets.map((figure) => [
      figure.budgetMs === null ? "none" : `${figure.budgetMs} ms`,
      `${figure.decodeStepMs.toFixed(1)} ms`,
      wholeMs(figure.gapMs.p50),
      wholeMs(figure.gapMs.p99),
      figure.limitMs === null ? "" : `${wholeMs(figure.limitMs)}${figure.isWithinLimit === true ? "" : " (above)"}`,
      wholeMs(figure.gapMs.max),
      figure.completed ? `${(figure.promptMs.median / 1000).toFixed(1)} s` : "not completed",
      figure.tokensPerSecond.median.toFixed(1),
      `${(100 * figure.shareOfUnbounded).toFixed(1)} %`,
    ]),
  ];
}
