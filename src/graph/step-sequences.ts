/** The sequences of a step, cut out of its flat arrays. */

import type { StepBatch } from "./executor.ts";

export interface StepSequence {
  /** Rows firstRow .. endRow - 1 of the step. */
  readonly firstRow: number;
  readonly endRow: number;
  /** Page of positions i * pageTokens .. (i + 1) * pageTokens - 1 at index i; shared. */
  readonly pageTable: Int32Array;
}

export function forEachSequence(step: StepBatch, visit: (sequence: StepSequence) => void): void {
  const { sequenceStarts, pageTables, pageTableStarts } = step;
  for (let index = 0; index + 1 < sequenceStarts.length; index += 1) {
    visit({
      firstRow: sequenceStarts[index] ?? 0,
      endRow: sequenceStarts[index + 1] ?? 0,
      pageTable: pageTables.subarray(pageTableStarts[index], pageTableStarts[index + 1]),
    });
  }
}
