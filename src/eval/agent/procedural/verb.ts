/** Verbs of procedural tools. */

/** What a tool with this verb gives back. */
export type Outcome = "created" | "status" | "value" | "count";

export interface Verb {
  /** Mean the same; the first is the plainest. */
  readonly words: readonly string[];
  readonly outcome: Outcome;
  /** After "is": "the invoice is deleted". */
  readonly past: string;
}

export const verb = (words: string, outcome: Outcome, past: string): Verb => ({
  words: words.split(" "),
  outcome,
  past,
});
