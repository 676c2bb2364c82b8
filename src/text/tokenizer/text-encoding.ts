/** What the kinds of vocabularies have in common for the tokeniser around them. */

import type { TokenBuffer } from "./token-buffer.ts";

export interface TextEncoding {
  /**
   * Appends the ids of a normalised text without special tokens. `atStart`: nothing stands before it.
   * `text` is well formed.
   */
  encode(text: string, atStart: boolean, out: TokenBuffer): void;
}
