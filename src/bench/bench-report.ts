/** What a bench gives: `turnwise bench --json` prints it, the table, the plot and the page are drawn from it. */

import type { LimitShares } from "./limits.ts";
import type { Spread } from "./spread.ts";

export interface BenchMachine {
  readonly cpu: string;
  readonly architecture: string;
  /** Level of the kernels; null on the interpreter. */
  readonly isa: string | null;
  readonly threads: number;
  readonly memoryBytes: number;
  /** Measured in this run; null without a native core. */
  readonly readBytesPerSecond: Spread | null;
  /** The ISA level's int8 loop, which loads nothing; null without a native core. */
  readonly int8OperationsPerSecond: Spread | null;
}

export interface BenchModel {
  readonly path: string;
  readonly name: string;
  readonly parameters: number;
  readonly fileBytes: number;
  readonly packedWeightBytes: number;
}

export interface CaseReport {
  readonly name: string;
  readonly tokensPerSecond: Spread;
  /** Null where there is no limit to compare with. */
  readonly limitShare: number | null;
  readonly limit: LimitShares["limit"] | null;
  readonly bandwidthShare: number | null;
  readonly int8Share: number | null;
  readonly bytesPerToken: number;
  readonly operationsPerToken: number;
}

export interface ModelReport<Case extends CaseReport = CaseReport> {
  readonly model: BenchModel;
  readonly backend: string;
  readonly kvType: string;
  /** What the weights were rounded to as they were loaded, or "none". */
  readonly quant: string;
  readonly cases: readonly Case[];
}

export interface BesideCaseReport extends CaseReport {
  /** Its tokens a second over those of the first model in the same round, where memory gave both the same. */
  readonly timesFirst: Spread;
}

export interface BenchReport extends ModelReport {
  readonly turnwise: string;
  readonly node: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly seconds: number;
  readonly machine: BenchMachine;
  readonly rounds: number;
  /** Other models, each case of which ran right behind the first model's. */
  readonly beside: readonly ModelReport<BesideCaseReport>[];
}

/** The file, and what it was rounded to. */
export const weightsOf = ({ model, quant }: ModelReport): string =>
  quant === "none" ? model.path : `${model.path}, rounded to ${quant}`;
