/**
 * Token ids to text, one at a time: emits only whole characters, so that what it returned can be shown
 * at once. Bytes that are no UTF-8 become U+FFFD when that is certain, as the WHATWG encoding standard
 * says, however the bytes are cut into tokens.
 * Source: https://encoding.spec.whatwg.org/#utf-8-decoder
 */

import { at } from "../base/invariant.ts";
import { checkToken, hasTokenFlag, tokenBytes } from "./tokenizer/vocabulary-bytes.ts";
import { TOKEN_FLAG, type VocabularyBytes } from "./tokenizer/types.ts";

export interface DetokenizerOptions {
  /**
   * The ids go on a text that came before, such as a prompt: a leading space is part of it. Otherwise
   * they are a whole text, and the space that encoding put before it is taken away.
   */
  readonly continuation: boolean;
  /** Render control tokens by their text instead of as "". */
  readonly keepSpecial: boolean;
}

export interface Detokenizer {
  /** The text that became certain with this token, often ""; throws `token_out_of_range`. */
  push(id: number): string;
  /** Ends the text: what is left of a cut character as U+FFFD. The next push begins a new text. */
  flush(): string;
}

const SPACE = 0x20;
const NO_BYTES = new Uint8Array(0);

export function createDetokenizer(vocabulary: VocabularyBytes, options: DetokenizerOptions): Detokenizer {
  const stripFirstSpace = vocabulary.dropsFirstSpace && !options.continuation;
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let strip = stripFirstSpace;
  return {
    push(id) {
      let bytes = tokenBytes(vocabulary, id);
      if (!options.keepSpecial && hasTokenFlag(vocabulary, id, TOKEN_FLAG.hidden)) return "";
      if (strip && bytes.length > 0) {
        if (bytes[0] === SPACE) bytes = bytes.subarray(1);
        strip = false;
      }
      return decoder.decode(bytes, { stream: true });
    },
    flush() {
      strip = stripFirstSpace;
      return decoder.decode(NO_BYTES);
    },
  };
}

/** The text of all `ids`: what a detokeniser of the same options emits for them. */
export function decodeTokens(vocabulary: VocabularyBytes, ids: ArrayLike<number>, options: DetokenizerOptions): string {
  const { offsets } = vocabulary;
  const shown: number[] = [];
  let length = 0;
  for (let index = 0; index < ids.length; index += 1) {
    const id = ids[index] ?? -1;
    checkToken(vocabulary, id);
    if (!options.keepSpecial && hasTokenFlag(vocabulary, id, TOKEN_FLAG.hidden)) continue;
    shown.push(id);
    length += at(offsets, id + 1) - at(offsets, id);
  }
  const bytes = new Uint8Array(length);
  let end = 0;
  for (const id of shown) {
    const last = at(offsets, id + 1);
    for (let offset = at(offsets, id); offset < last; offset += 1) bytes[end++] = vocabulary.bytes[offset] ?? 0;
  }
  const strip = vocabulary.dropsFirstSpace && !options.continuation && bytes[0] === SPACE;
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(strip ? bytes.subarray(1) : bytes);
}
