/** One step as the scheduler plans it, and what it leaves room for. */

import type { StepSizes } from "../../graph/types.ts";
import type { PageCopy } from "./page-pool.ts";
import type { Sequence } from "./sequence.ts";
import { attendedBy } from "./step-times.ts";

/** `rows` tokens of `sequence`, from its computed ones on. */
export interface PlannedChunk {
  readonly sequence: Sequence;
  readonly rows: number;
  /** How many of the last rows have their logits read. */
  readonly logitRows: number;
  /** How many of the last rows are of the sequence's draft. */
  readonly drafted: number;
}

export class StepPlan implements StepSizes {
  readonly chunks: PlannedChunk[] = [];
  /** Page copies to make, in this order, before the step. */
  readonly copies: PageCopy[] = [];
  tokens = 0;
  logitRows = 0;
  attendedPositions = 0;

  clear(): void {
    this.chunks.length = 0;
    this.copies.length = 0;
    this.tokens = 0;
    this.logitRows = 0;
    this.attendedPositions = 0;
  }

  /** The last `drafted` of the rows are of its draft. */
  add(sequence: Sequence, rows: number, drafted = 0): void {
    const logitRows = sequence.logitRowsFor(rows - drafted) + drafted;
    this.chunks.push({ sequence, rows, logitRows, drafted });
    this.#count(sequence, rows, logitRows, 1);
  }

  /** Takes the chunk of `sequence` out again, if it has one, and gives its rows. Copies for it may be made all the same. */
  drop(sequence: Sequence): number {
    const index = this.chunks.findIndex((chunk) => chunk.sequence === sequence);
    const chunk = this.chunks[index];
    if (chunk === undefined) return 0;
    this.chunks.splice(index, 1);
    this.#count(sequence, chunk.rows, chunk.logitRows, -1);
    return chunk.rows;
  }

  has(sequence: Sequence): boolean {
    return this.chunks.some((chunk) => chunk.sequence === sequence);
  }

  #count({ computed }: Sequence, rows: number, logitRows: number, sign: 1 | -1): void {
    this.tokens += sign * rows;
    this.logitRows += sign * logitRows;
    this.attendedPositions += sign * attendedBy(computed, rows);
  }
}
