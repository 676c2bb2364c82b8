/** Makes masks ahead, beside the step loop. `threads/mask-client.ts` has the real one. */

import type { Grammar } from "../../text/grammar/grammar.ts";
import type { TokenIndex } from "../../text/grammar/token-index.ts";
import type { MatcherStep } from "../threads/mask-messages.ts";

export interface MaskMaker {
  /** Begins to follow a generation under `grammar`, which `key` stands for. */
  open(key: string, grammar: Grammar): MaskStream;
  /** The vocabulary in the order of its bytes; null until it is sorted. */
  tokenIndex(): TokenIndex | null;
  /** No more generations come under the grammar of `key`. */
  forget(key: string): void;
}

export interface MadeMask {
  /** As `Matcher.fillMask` gives it. */
  readonly isNarrowed: boolean;
}

export interface MaskStream {
  /** The generation went on by `steps`; the masks of what follows them, and then `draft`, are wanted, for `left` tokens. */
  follow(steps: readonly MatcherStep[], draft: Int32Array, left: number): void;
  /** Writes the mask after the first `drafted` tokens of the last draft; null where it could not be made. */
  fill(words: Uint32Array, drafted: number): MadeMask | null;
  close(): void;
}
