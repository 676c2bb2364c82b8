/** Steps written as sequences. */

import type { StepBatch } from "../../src/graph/executor.ts";

export interface StepPart {
  readonly tokens: ArrayLike<number>;
  /** Position of the first token. */
  readonly position: number;
  readonly pages: readonly number[];
  /** Rows of this part whose logits are wanted; by default the last one. */
  readonly logits?: "last" | "all" | "none";
}

export function stepOf(parts: readonly StepPart[]): StepBatch {
  const tokens: number[] = [];
  const positions: number[] = [];
  const starts = [0];
  const pageStarts = [0];
  const pages: number[] = [];
  const logitRows: number[] = [];
  for (const part of parts) {
    const first = tokens.length;
    tokens.push(...Array.from(part.tokens));
    for (let row = first; row < tokens.length; row += 1) {
      positions.push(part.position + row - first);
      const isLast = row === tokens.length - 1;
      if (part.logits === "all" || (part.logits !== "none" && isLast)) logitRows.push(row);
    }
    pages.push(...part.pages);
    starts.push(tokens.length);
    pageStarts.push(pages.length);
  }
  return {
    tokens: Int32Array.from(tokens),
    positions: Int32Array.from(positions),
    sequenceStarts: Int32Array.from(starts),
    pageTables: Int32Array.from(pages),
    pageTableStarts: Int32Array.from(pageStarts),
    logitRows: Int32Array.from(logitRows),
  };
}
