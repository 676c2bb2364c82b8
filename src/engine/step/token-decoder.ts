/**
 * The streaming detokeniser of one choice, which also says when it holds back bytes of an unfinished
 * character: until then the tokens of that character are not certain either.
 */

import { createDetokenizer } from "../../text/detokenizer.ts";
import type { VocabularyBytes } from "../../text/tokenizer/types.ts";
import { TOKEN_FLAG } from "../../text/tokenizer/types.ts";
import { hasTokenFlag, tokenBytes } from "../../text/tokenizer/vocabulary-bytes.ts";
import type { TokenDecoder } from "./choice-output.ts";

/** Decodes tokens that follow a prompt. */
export function createTokenDecoder(vocabulary: VocabularyBytes, keepSpecial: boolean): TokenDecoder {
  const detokenizer = createDetokenizer(vocabulary, { continuation: true, keepSpecial });
  let missingBytes = 0;
  return {
    push(token) {
      const text = detokenizer.push(token);
      // What is hidden has bytes, but none in the text.
      if (!keepSpecial && hasTokenFlag(vocabulary, token, TOKEN_FLAG.hidden)) return text;
      for (const byte of tokenBytes(vocabulary, token)) missingBytes = bytesMissingAfter(byte, missingBytes);
      return text;
    },
    flush() {
      missingBytes = 0;
      return detokenizer.flush();
    },
    get hasPartial() {
      return missingBytes > 0;
    },
  };
}

/** Bytes that a UTF-8 character still lacks after `byte`, when it lacked `missing` before. */
function bytesMissingAfter(byte: number, missing: number): number {
  if (missing > 0 && byte >= 0x80 && byte < 0xc0) return missing - 1;
  if (byte >= 0xf0 && byte <= 0xf4) return 3;
  if (byte >= 0xe0 && byte < 0xf0) return 2;
  return byte >= 0xc2 && byte < 0xe0 ? 1 : 0;
}
