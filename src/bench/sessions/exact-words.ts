/**
 * Texts that add a given number of tokens to a prompt, found by asking the server: a text's first words and the
 * template's own tokens around it are counted once, every further word is one token.
 */

import { fail } from "../../base/errors.ts";
import { createRandom } from "../../base/random.ts";

/** Nearly every vocabulary holds each of these as one token with its space. */
const WORDS = ["the", "to", "of", "and", "in", "is", "you"];

/** Each is one token, at the beginning of a text too: what begins with another one shares nothing. */
const FIRST = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** Texts that begin unlike each other. */
export const MAX_TEXTS = FIRST.length;

const PROBED_WORDS = [4, 24] as const;

/** `count` words behind a letter, which is that of `index`. */
export function words(count: number, index: number): string {
  const random = createRandom(`words ${index}`);
  const others = Array.from({ length: count }, () => WORDS[Math.floor(random() * WORDS.length)] ?? "the");
  return [FIRST[index % MAX_TEXTS], ...others].join(" ");
}

/** How many words of `words` make `tokens` tokens of what `countTokens` counts. Throws `trace_invalid` where none do. */
export async function wordsFor(
  tokens: number,
  what: string,
  countTokens: (text: string) => Promise<number>,
): Promise<number> {
  const [few, many] = PROBED_WORDS;
  const [fewTokens, manyTokens] = [await countTokens(words(few, 0)), await countTokens(words(many, 0))];
  const count = few + tokens - fewTokens;
  if (manyTokens - fewTokens !== many - few || count < 1) {
    fail("trace_invalid", { path: what, problem: `this model's vocabulary makes no text of ${tokens} tokens` });
  }
  return count;
}
