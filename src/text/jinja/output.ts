/** The text that a template, a macro or a block has made so far. */

import type { Budget } from "./budget.ts";

export class Output {
  readonly #budget: Budget;
  readonly #parts: string[] = [];
  #units = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  push(text: string): void {
    this.#units += text.length;
    this.#budget.checkLength(this.#units);
    this.#parts.push(text);
  }

  /** All of it. */
  take(): string {
    this.#budget.copy(this.#units);
    return this.#parts.join("");
  }
}
