/** What the two kinds of BPE have in common for the tokeniser around them. */

import type { TokenBuffer } from "./token-buffer.ts";

export interface TextEncoding {
  /**
   * Appends the ids of a text without special tokens. `afterSpecial`: it is the beginning, or a special
   * token stands before it. `text` is well formed and not empty.
   */
  encode(text: string, afterSpecial: boolean, out: TokenBuffer): void;
}
