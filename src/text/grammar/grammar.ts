/**
 * A compiled grammar: a pushdown over lexemes that are regular expressions of bytes. Plain data, made
 * on one thread and run on another (`structuredClone` keeps what is shared shared). Whatever the source
 * (JSON Schema, a regular expression, GBNF), this is the one form that masks are computed from.
 */

import type { Regex } from "./regex/regex.ts";

export type GrammarNode =
  /** Bytes that match `regex`, which matches something. */
  | { readonly kind: "lexeme"; readonly regex: Regex }
  /** Exactly this token, which has no bytes of its own: a control token. */
  | { readonly kind: "token"; readonly id: number }
  | { readonly kind: "sequence"; readonly items: readonly number[] }
  | { readonly kind: "choice"; readonly options: readonly number[] }
  /** `max` null: without bound. Counted at run time, never expanded. */
  | { readonly kind: "repeat"; readonly item: number; readonly min: number; readonly max: number | null };

/** Invariants (held by GrammarBuilder): every node reached from `root` derives some text; no left recursion. */
export interface Grammar {
  readonly nodes: readonly GrammarNode[];
  readonly root: number;
}
