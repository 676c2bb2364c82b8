/** What the kinds of vocabularies have in common for the tokeniser around them. */

import type { TokenBuffer } from "./token-buffer.ts";

/** What stands before a text: nothing, a special token, or more text, which it goes on. */
export type TextPlace = "start" | "after-token" | "inside";

export interface TextEncoding {
  /**
   * Appends the ids of a normalised text without special tokens. `place`: what stands before it.
   * `text` is well formed.
   */
  encode(text: string, place: TextPlace, out: TokenBuffer): void;
}
