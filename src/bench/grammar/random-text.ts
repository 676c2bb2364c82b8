/** Texts under a grammar without a model: tokens drawn from what the mask allows. */

import type { Matcher } from "../../text/grammar/matcher.ts";
import type { VocabularyBytes } from "../../text/tokenizer/types.ts";

/** How often a string, a list or an object is closed where it may be: even draws would hardly ever leave one. */
const CLOSE_SHARE = 0.15;
const CLOSERS = new Set([...'"}]'].map((character) => character.charCodeAt(0)));

export interface MaskTimes {
  readonly maskMicroseconds: number[];
  readonly acceptMicroseconds: number[];
}

/** Follows one text of at most `maxTokens`, and notes what each token took. */
export function followRandomText(
  matcher: Matcher,
  vocabulary: VocabularyBytes,
  random: () => number,
  maxTokens: number,
  times: MaskTimes,
): void {
  const words = new Uint32Array(Math.ceil(vocabulary.flags.length / 32));
  for (let tokens = 0; tokens < maxTokens && !matcher.isFinished; tokens += 1) {
    const beginMs = performance.now();
    matcher.fillMask(words);
    const filledMs = performance.now();
    const token = drawToken(words, vocabulary, random);
    const drawnMs = performance.now();
    if (!matcher.accept(token)) return;
    times.acceptMicroseconds.push((performance.now() - drawnMs) * 1000);
    times.maskMicroseconds.push((filledMs - beginMs) * 1000);
  }
}

/** Even among those allowed, but for CLOSE_SHARE. */
function drawToken(words: Uint32Array, { bytes, offsets }: VocabularyBytes, random: () => number): number {
  const allowed: number[] = [];
  for (const [index, bits] of words.entries()) {
    for (let rest = bits; rest !== 0; rest &= rest - 1) allowed.push(index * 32 + 31 - Math.clz32(rest & -rest));
  }
  const closers = random() < CLOSE_SHARE ? allowed.filter((token) => CLOSERS.has(bytes[offsets[token] ?? 0] ?? 0)) : [];
  const from = closers.length > 0 ? closers : allowed;
  return from[Math.floor(random() * from.length)] ?? -1;
}
