/**
 * The cost of a step as a function of its sizes. Every op's cost is affine in them, so four costs say
 * it all, and asking costs a few multiplications in the scheduler instead of a walk over the graph.
 */

import type { Cost, StepSizes } from "./types.ts";

export interface StepCosts {
  /** Whatever the sizes: reading the weights. */
  readonly perStep: Cost;
  readonly perToken: Cost;
  readonly perLogitRow: Cost;
  readonly perAttendedPosition: Cost;
}

/** The costs that `costOf`, the cost of a step with at least one of each, is made of. */
export function stepCosts(costOf: (sizes: StepSizes) => Cost): StepCosts {
  const one = { tokens: 1, logitRows: 1, attendedPositions: 1 };
  const least = costOf(one);
  const more = (sizes: Partial<StepSizes>): Cost => minus(costOf({ ...one, ...sizes }), least);
  const perToken = more({ tokens: 2 });
  const perLogitRow = more({ logitRows: 2 });
  const perAttendedPosition = more({ attendedPositions: 2 });
  const perStep = [perToken, perLogitRow, perAttendedPosition].reduce(minus, least);
  return { perStep, perToken, perLogitRow, perAttendedPosition };
}

function minus(left: Cost, right: Cost): Cost {
  return { flops: left.flops - right.flops, bytes: left.bytes - right.bytes };
}
