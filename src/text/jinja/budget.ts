/** What one rendering may use. Templates come with model files, and their text with requests. */

import { JinjaError } from "./values.ts";

export interface BudgetLimits {
  readonly steps: number;
  readonly outputUnits: number;
  readonly copiedUnits: number;
}

export class Budget {
  readonly #limits: BudgetLimits;
  #steps = 0;
  #copied = 0;

  constructor(limits: BudgetLimits) {
    this.#limits = limits;
  }

  /** Counts nodes that are evaluated, turns of loops and items that are made. */
  step(count = 1): void {
    this.#steps += count;
    if (this.#steps > this.#limits.steps) throw new JinjaError("it runs for too long");
  }

  /** Counts characters that are copied, which bounds what a rendering keeps in memory. */
  copy(units: number): void {
    this.#copied += units;
    if (this.#copied > this.#limits.copiedUnits) throw new JinjaError("it makes too much text");
  }

  /** A text as long as the output may be. */
  checkLength(units: number): void {
    if (units > this.#limits.outputUnits) throw new JinjaError("its text is too long");
  }
}
