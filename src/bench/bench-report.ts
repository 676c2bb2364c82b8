/** What a bench gives: `turnwise bench --json` prints it, the table and the plot are drawn from it. */

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

export interface BenchReport {
  readonly turnwise: string;
  readonly node: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly seconds: number;
  readonly machine: BenchMachine;
  readonly model: BenchModel;
  readonly backend: string;
  readonly kvType: string;
  /** What the weights were rounded to as they were loaded, or "none". */
  readonly quant: string;
  readonly rounds: number;
  readonly cases: readonly CaseReport[];
}
