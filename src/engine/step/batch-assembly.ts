/** From a plan to the arrays of `Executor.step`, in memory that is reused. */

import type { StepBatch } from "../../graph/executor.ts";
import { reusedInt32 } from "./reused-array.ts";
import type { SchedulerLimits } from "../schedule/scheduler.ts";
import type { StepPlan } from "../schedule/step-plan.ts";

export class BatchAssembly {
  readonly #tokens;
  readonly #positions;
  readonly #sequenceStarts;
  readonly #pageTables = reusedInt32(256);
  readonly #pageTableStarts;
  readonly #logitRows;

  constructor(limits: SchedulerLimits) {
    this.#tokens = reusedInt32(limits.maxStepTokens);
    this.#positions = reusedInt32(limits.maxStepTokens);
    this.#sequenceStarts = reusedInt32(limits.maxSequences + 1);
    this.#pageTableStarts = reusedInt32(limits.maxSequences + 1);
    this.#logitRows = reusedInt32(limits.maxLogitRows);
  }

  /** The batch of `plan`; valid until the next call. */
  fill(plan: Pick<StepPlan, "chunks" | "tokens" | "logitRows">): StepBatch {
    const sequences = plan.chunks.length;
    const tokens = this.#tokens.atLeast(plan.tokens);
    const positions = this.#positions.atLeast(plan.tokens);
    const sequenceStarts = this.#sequenceStarts.atLeast(sequences + 1);
    const pageTableStarts = this.#pageTableStarts.atLeast(sequences + 1);
    const logitRows = this.#logitRows.atLeast(plan.logitRows);
    let row = 0;
    let page = 0;
    let logitRow = 0;
    let index = 0;
    for (const { sequence, rows, drafted, logitRows: wanted } of plan.chunks) {
      sequenceStarts[index] = row;
      pageTableStarts[index] = page;
      const { computed, pages } = sequence;
      const known = rows - drafted;
      sequence.tokens.copyTo(tokens, row, computed, computed + known);
      for (let ahead = 0; ahead < drafted; ahead++) tokens[row + known + ahead] = sequence.draft[ahead] ?? 0;
      for (let offset = 0; offset < rows; offset++) positions[row + offset] = computed + offset;
      pages.copyTo(this.#pageTables.atLeast(page + pages.length), page);
      for (let offset = rows - wanted; offset < rows; offset++) logitRows[logitRow++] = row + offset;
      row += rows;
      page += pages.length;
      index += 1;
    }
    sequenceStarts[index] = row;
    pageTableStarts[index] = page;
    return {
      tokens: this.#tokens.view(row),
      positions: this.#positions.view(row),
      sequenceStarts: this.#sequenceStarts.view(index + 1),
      pageTables: this.#pageTables.view(page),
      pageTableStarts: this.#pageTableStarts.view(index + 1),
      logitRows: this.#logitRows.view(logitRow),
    };
  }
}
