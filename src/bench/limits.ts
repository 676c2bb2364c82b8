/**
 * How near a case comes to what the machine could do (Williams et al., Roofline, 2009): the bytes and the
 * operations of its ops, over the read bandwidth and the int8 rate of the same run.
 */

import type { StepCosts } from "../graph/step-costs.ts";
import type { Cost, StepSizes } from "../graph/types.ts";
import type { PassStep } from "./pass-sizes.ts";

/** What the machine was measured to do at most. */
export interface MachineLimits {
  readonly bytesPerSecond: number;
  /** Null where the model's products are not of int8. */
  readonly operationsPerSecond: number | null;
}

export interface LimitShares {
  /** The larger of the two: how much of the limit that binds is reached. */
  readonly limitShare: number;
  readonly limit: "bandwidth" | "int8";
  readonly bandwidthShare: number;
  readonly int8Share: number | null;
}

/** Cost of one token of the case, averaged over a pass. */
export function costPerToken(steps: readonly PassStep[], costs: StepCosts): Cost {
  let tokens = 0;
  let flops = 0;
  let bytes = 0;
  for (const step of steps) {
    tokens += step.tokens;
    flops += sizedCost(step, costs).flops;
    bytes += sizedCost({ ...step, attendedPositions: step.readPositions }, costs).bytes;
  }
  return { flops: flops / tokens, bytes: bytes / tokens };
}

function sizedCost({ tokens, logitRows, attendedPositions }: StepSizes, costs: StepCosts): Cost {
  const { perStep, perToken, perLogitRow, perAttendedPosition } = costs;
  const sum = (key: keyof Cost): number =>
    perStep[key] + tokens * perToken[key] + logitRows * perLogitRow[key] + attendedPositions * perAttendedPosition[key];
  return { flops: sum("flops"), bytes: sum("bytes") };
}

export function limitShares(tokensPerSecond: number, perToken: Cost, limits: MachineLimits): LimitShares {
  const bandwidthShare = (tokensPerSecond * perToken.bytes) / limits.bytesPerSecond;
  const int8Share =
    limits.operationsPerSecond === null ? null : (tokensPerSecond * perToken.flops) / limits.operationsPerSecond;
  const limit = int8Share !== null && int8Share > bandwidthShare ? "int8" : "bandwidth";
  return { limitShare: Math.max(bandwidthShare, int8Share ?? 0), limit, bandwidthShare, int8Share };
}
