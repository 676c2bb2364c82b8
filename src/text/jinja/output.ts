/** Texts that are made piece by piece, within the budget at each. */

import type { Budget } from "./budget.ts";

/** What a template, a macro, a block or a value's text form has come to so far. */
export class Output {
  readonly budget: Budget;
  readonly #parts: string[] = [];
  #units = 0;

  constructor(budget: Budget) {
    this.budget = budget;
  }

  push(text: string): void {
    this.#units += text.length;
    this.budget.checkLength(this.#units);
    this.#parts.push(text);
  }

  /** All of it. */
  take(): string {
    this.budget.copy(this.#units);
    return this.#parts.join("");
  }
}

/**
 * The text with each match of a global pattern replaced. String.replace would find all matches, and keep
 * them, before it asks for the first replacement.
 */
export function replaceMatches(
  text: string,
  pattern: RegExp,
  budget: Budget,
  replacement: (match: RegExpExecArray) => string,
): string {
  budget.scan(text.length);
  const output = new Output(budget);
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    budget.step();
    output.push(text.slice(end, match.index));
    output.push(replacement(match));
    end = match.index + match[0].length;
  }
  if (end === 0) return text;
  output.push(text.slice(end));
  return output.take();
}
