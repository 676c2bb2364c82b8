/** A small byte-level BPE vocabulary, learned from a few sentences: real merges without a model file. */

import { CHARACTER_OF_BYTE } from "../../src/text/tokenizer/byte-alphabet.ts";
import { TOKEN_TYPE, type VocabularyData } from "../../src/text/tokenizer/types.ts";

const SENTENCES = `
The quick brown fox jumps over the lazy dog; then the dog, thinking nothing of it, goes on sleeping.
It's what they've said: "we're going to the sea in 1234 or 12345 days", and I'll believe it when I see it!
    if (value === null) { return undefined; } // 3.14159, 2.71828
Die Äpfel sind größer als die Nüsse, naïve café, 中文字符 和 日本語 和 한국어, हिन्दी, العربية, 😀😀 🦙🦙
`;

/** Tokens after the bytes and the merges, in this order. */
export const EXTRA_TOKENS = {
  "<|begin|>": TOKEN_TYPE.control,
  "<|eot_id|>": TOKEN_TYPE.control,
  "@@": TOKEN_TYPE.userDefined,
};

/** 256 bytes, at most `mergeCount` merges, and EXTRA_TOKENS; BOS is the first of those. */
export function trainedVocabulary(pre: string, mergeCount = 400): VocabularyData {
  const encoder = new TextEncoder();
  const words = (SENTENCES.match(/ ?\p{L}+| ?\p{N}+|\s+| ?[^\s\p{L}\p{N}]+/gu) ?? []).map((word) =>
    Array.from(encoder.encode(word), (byte) => CHARACTER_OF_BYTE[byte] ?? ""),
  );
  const tokens = [...CHARACTER_OF_BYTE];
  const merges: string[] = [];
  while (merges.length < mergeCount) {
    const pair = mostFrequentPair(words);
    if (pair === null) break;
    const [left, right] = pair;
    merges.push(`${left} ${right}`);
    // Two merges may make the same token.
    if (!tokens.includes(left + right)) tokens.push(left + right);
    for (const word of words) joinPair(word, left, right);
  }
  const texts = tokens.length;
  return {
    kind: "bpe",
    pre,
    tokens: [...tokens, ...Object.keys(EXTRA_TOKENS)],
    tokenTypes: Int32Array.from([...tokens.map(() => TOKEN_TYPE.normal), ...Object.values(EXTRA_TOKENS)]),
    merges,
    bosId: texts,
    eosId: texts + 1,
  };
}

function mostFrequentPair(words: readonly (readonly string[])[]): readonly [left: string, right: string] | null {
  const counts = new Map<string, number>();
  for (const word of words) {
    for (let index = 0; index + 1 < word.length; index += 1) {
      const pair = `${word[index]} ${word[index + 1]}`;
      counts.set(pair, (counts.get(pair) ?? 0) + 1);
    }
  }
  const [best] = [...counts].toSorted(([left, a], [right, b]) => b - a || (left < right ? -1 : 1));
  if (best === undefined) return null;
  const [left = "", right = ""] = best[0].split(" ");
  return [left, right];
}

function joinPair(word: string[], left: string, right: string): void {
  for (let index = 0; index + 1 < word.length; index += 1) {
    if (word[index] === left && word[index + 1] === right) word.splice(index, 2, left + right);
  }
}
