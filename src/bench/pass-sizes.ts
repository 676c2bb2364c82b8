/** What one pass over a case computes, in the sizes that the ops' cost records take. */

import type { StepSizes } from "../graph/types.ts";
import type { BenchCase } from "./bench-case.ts";

export interface PassStep extends StepSizes {
  /** Distinct positions among those attended: kernels read K and V once for all rows of a sequence. */
  readonly readPositions: number;
}

/** Sizes of each step of one pass over the case. */
export function passSizes(benchCase: BenchCase, maxTokens: number, pageTokens: number): readonly PassStep[] {
  const { kind, sequences, tokens, depth } = benchCase;
  if (kind === "prefill") {
    return Array.from({ length: Math.ceil(tokens / maxTokens) }, (_, step) => {
      const begin = depth + step * maxTokens;
      const end = Math.min(begin + maxTokens, depth + tokens);
      // Rows begin .. end - 1 attend one position more than their own.
      const attendedPositions = ((end - begin) * (begin + 1 + end)) / 2;
      return { tokens: end - begin, logitRows: end === depth + tokens ? 1 : 0, attendedPositions, readPositions: end };
    });
  }
  const shared = benchCase.shared ? Math.floor(depth / pageTokens) * pageTokens : 0;
  return Array.from({ length: tokens }, (_, step) => {
    const attended = depth + step + 1;
    return {
      tokens: sequences,
      logitRows: sequences,
      attendedPositions: sequences * attended,
      readPositions: shared + sequences * (attended - shared),
    };
  });
}
