/** How a pre-tokeniser cuts text into words. Plain data; which model has which is in `pre-tokenizers.ts`. */

/** Words of a text by character classes; `scan-words.ts` gives the meaning. */
export interface ScanRule {
  readonly kind: "scan";
  /** 's 't 're 've 'm 'll 'd are words of their own: in lower case, or in any. */
  readonly contractions: "lower" | "any-case";
  /** What may stand before letters and join them: a space, or any character but newlines, letters and numbers. */
  readonly beforeLetters: "space" | "any";
  /** A number's digits are cut into words of so many; a space joins only where they are not cut. */
  readonly digits: 1 | 3 | "all";
  /** Newlines join the punctuation before them, and end a run of white space. */
  readonly newlines: boolean;
  /** Numbers are cut off first, so that white space before them stands at the end of its text. */
  readonly digitsFirst: boolean;
}

/** What becomes of the matches of a pattern and of the gaps between them. */
export type SplitBehavior =
  | "isolated"
  | "removed"
  | "matches"
  | "merged-with-previous"
  | "merged-with-next"
  | "contiguous";

/** All; those after which no word goes on; or all, joined to what stands around them. */
export type DigitRuns = "all" | "before-edge" | "joined";

/** Cuts the pieces that the stage before it left. */
export type SplitStage =
  /** `pattern` is in Oniguruma's syntax. "matches" drops the gaps, "contiguous" joins neighbouring matches. */
  | { readonly kind: "pattern"; readonly pattern: string; readonly behavior: SplitBehavior }
  /** Groups of three digits, counted from the end of a run of them. */
  | { readonly kind: "digit-groups"; readonly runs: DigitRuns }
  /** U+2581 is a space from here on. */
  | { readonly kind: "unmark-spaces" }
  /** A space before each piece that begins with none, or before the text alone. */
  | { readonly kind: "space-prefix"; readonly onlyFirst: boolean };

/** Stages, one after another; `split-stages.ts` gives the meaning. */
export interface StageRule {
  readonly kind: "stages";
  readonly stages: readonly SplitStage[];
}

export type SplitRule = ScanRule | StageRule;
