/** Tokens in log-probabilities: their text, and where it begins in the output. */

import { invariant } from "../base/invariant.ts";
import type { TokenPiece } from "../engine/types.ts";

/**
 * A token's text, or, where it is not whole characters, its bytes in OpenAI's notation
 * (`bytes:\xe2\x80`), so that different tokens never look the same.
 */
export function tokenText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return `bytes:${Array.from(bytes, (byte) => String.raw`\x${byte.toString(16).padStart(2, "0")}`).join("")}`;
  }
}

/** OpenAI's value for "practically impossible"; JSON has no -Infinity. */
const LEAST_LOGPROB = -9999;

/** A log-probability as JSON can hold it; the engine gives one wherever they were asked for. */
export function jsonLogprob(logprob: number | undefined): number {
  invariant(logprob !== undefined, "a token has its log-probability");
  return Math.max(logprob, LEAST_LOGPROB);
}

/** Code points of `text`; OpenAI's offsets count them. */
export function codePoints(text: string): number {
  let count = 0;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    // The second half of a pair belongs to the first.
    if (unit < 0xdc00 || unit > 0xdfff) count += 1;
  }
  return count;
}

/**
 * Where each of `pieces` begins in `text`, which they became, in code points. A token that begins
 * within a character begins where that character does. Never beyond the end, also where tokens have
 * more bytes than their text shows (a special token, a cut stop string).
 */
export function tokenOffsets(pieces: readonly TokenPiece[], text: string): number[] {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const length = codePoints(text);
  let offset = 0;
  return pieces.map(({ bytes: [first = 0], bytes }) => {
    // A byte that does not continue the character before it shows that one to be broken.
    if ((first & 0xc0) !== 0x80) offset += codePoints(decoder.decode());
    const begin = Math.min(offset, length);
    offset += codePoints(decoder.decode(bytes, { stream: true }));
    return begin;
  });
}
