/** What `turnwise bench grammar` gives: `--json` prints it, tables and page are made from it. */

import type { Spread } from "../spread.ts";

/** Times of many events, in their unit. */
export interface Distribution {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface GrammarCaseReport {
  readonly name: string;
  /** From the source to the grammar that is run, in several rounds. */
  readonly compileMs: Spread;
  /** A token's mask, after warm-up. */
  readonly maskMicroseconds: Distribution;
  /** Following a token, after warm-up. */
  readonly acceptMicroseconds: Distribution;
}

/** Tokens a second with and without a grammar, at one number of sequences. */
export interface GrammarCost {
  /** "calls": of many tools, with drafts of what is forced; "string": one string, where nothing is drafted. */
  readonly grammar: "calls" | "string";
  readonly sequences: number;
  readonly freeTokensPerSecond: Spread;
  readonly boundTokensPerSecond: Spread;
  /** What the grammar takes of them: the median over pairs of runs, negative where it is the faster one. */
  readonly lostShare: number;
}

export interface GrammarReport {
  readonly turnwise: string;
  readonly node: string;
  readonly startedAt: string;
  readonly cpu: string;
  readonly vocabulary: { readonly name: string; readonly tokens: number; readonly buildMs: number };
  readonly rounds: number;
  readonly cases: readonly GrammarCaseReport[];
  readonly all: {
    readonly compileMs: Spread;
    readonly maskMicroseconds: Distribution;
    /** The percentiles 1 to 100 of the masks' times. */
    readonly maskPercentiles: readonly number[];
  };
  /** Of masks of lexer states that were asked for after warm-up, those that were there. */
  readonly hitRate: number;
  readonly maskBytes: number;
  /** Null where it was not asked for. */
  readonly costs: readonly GrammarCost[] | null;
}

export function distributionOf(values: readonly number[]): Distribution {
  const sorted = Float64Array.from(values).toSorted();
  const sum = sorted.reduce((total, value) => total + value, 0);
  return {
    count: sorted.length,
    mean: sum / Math.max(1, sorted.length),
    p50: rank(sorted, 0.5),
    p99: rank(sorted, 0.99),
    max: rank(sorted, 1),
  };
}

export function percentilesOf(values: readonly number[]): readonly number[] {
  const sorted = Float64Array.from(values).toSorted();
  return Array.from({ length: 100 }, (_, index) => rank(sorted, (index + 1) / 100));
}

/** The smallest value that at least `share` of all values do not exceed. */
function rank(sorted: Float64Array, share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
