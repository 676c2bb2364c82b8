/** Costs of a model for tests without one: before any step has run, each row is taken to need a millisecond. */

import type { StepCosts } from "../../src/graph/step-costs.ts";

const NOTHING = { flops: 0, bytes: 0 };

export const ROW_COSTS: StepCosts = {
  perStep: NOTHING,
  perToken: { flops: 2e7, bytes: 0 },
  perLogitRow: NOTHING,
  perAttendedPosition: NOTHING,
};

/** Prompts may add 64 ms to a step in which others decode. */
export const STALL_LIMITS = { maxStallMs: 64, minPrefillShare: 0.25, parkTimeoutMs: 1000 } as const;
