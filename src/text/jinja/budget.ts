/** What one rendering may use. Templates come with model files, and their text with requests. */

import { JinjaError } from "./values.ts";

export interface BudgetLimits {
  readonly steps: number;
  readonly outputUnits: number;
  readonly copiedUnits: number;
}

/** Characters that are looked at in the time of a step. */
const UNITS_PER_STEP = 64;
/** Characters of a sought text that are compared in the time that looking at one character takes. */
const SOUGHT_UNITS = 32;

export class Budget {
  readonly #limits: BudgetLimits;
  #steps = 0;
  #copied = 0;

  constructor(limits: BudgetLimits) {
    this.#limits = limits;
  }

  /** Counts nodes that are evaluated, turns of loops, and items that are made or looked at. */
  step(count = 1): void {
    this.#steps += count;
    if (this.#steps > this.#limits.steps) throw new JinjaError("it runs for too long");
  }

  /**
   * Counts characters that are looked at, where `sought` ones are looked for. A search may compare all of the
   * sought text at each place; a text that was put together of others is copied when it is first looked at.
   */
  scan(units: number, sought = 0): void {
    this.step(Math.floor(units / UNITS_PER_STEP) * (1 + Math.floor(sought / SOUGHT_UNITS)));
  }

  /** Counts characters of a text that is made, which bounds what a rendering keeps in memory. */
  copy(units: number): void {
    this.checkLength(units);
    this.#copied += units;
    if (this.#copied > this.#limits.copiedUnits) throw new JinjaError("it makes too much text");
  }

  /** A text as long as the output may be. */
  checkLength(units: number): void {
    if (units > this.#limits.outputUnits) throw new JinjaError("its text is too long");
  }
}
