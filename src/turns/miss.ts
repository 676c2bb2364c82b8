/** Why tokens of a prompt had to be computed that an earlier turn of the same conversation had computed. */

import type { PromptBasis } from "./turn.ts";

export type MissCause =
  /** The chat template renders earlier messages otherwise than before. */
  | "template_rewrote_history"
  | "system_changed"
  | "tools_changed"
  /** The same tools in another order. */
  | "tools_reordered"
  | "variables_changed"
  /** The client sent an earlier message otherwise than before, or left it out. */
  | "history_changed"
  /** A time, a date, an id: text that is another one with every request. */
  | "volatile_text"
  /** The request names another part of the tenant's cache. */
  | "cache_key_changed"
  /** The KV pages were given up to make room. */
  | "evicted";

export interface Miss {
  /** Token of the prompt from which on it was computed again. */
  readonly index: number;
  readonly cause: MissCause;
}

/** Where a conversation leaves an earlier one. Texts are excerpts of a bounded length. */
export interface Departure {
  readonly cause: MissCause;
  /** Text around the place, as it was and as it is. */
  readonly had: string;
  readonly has: string;
}

/** What `tokens`, a prompt of `basis` of which `cachedTokens` were found, missed; null where nothing. */
export function missOf(
  { turn, departure }: PromptBasis,
  tokens: Int32Array,
  cachedTokens: number,
  cacheKey: string,
): Miss | null {
  const { ledger } = turn;
  const common = commonLength(tokens, ledger);
  // A ledger's last token was generated, not computed; a prompt's last one must be, for its logits.
  const reusable = Math.min(common, ledger.length - 1, tokens.length - 1);
  if (cachedTokens < reusable) {
    return { index: cachedTokens, cause: turn.cacheKey === cacheKey ? "evicted" : "cache_key_changed" };
  }
  return departure === null ? null : { index: common, cause: departure.cause };
}

function commonLength(left: Int32Array, right: Int32Array): number {
  const end = Math.min(left.length, right.length);
  let length = 0;
  while (length < end && left[length] === right[length]) length += 1;
  return length;
}
