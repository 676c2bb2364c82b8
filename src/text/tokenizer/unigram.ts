/**
 * SentencePiece's unigram model, as T5 and Albert use it: of all ways to cut a word in tokens the one
 * with the highest sum of scores (log-probabilities), found by Viterbi's algorithm. A character that no
 * token holds costs more than any token and becomes its bytes, or the unknown token.
 * Source: Kudo, "Subword Regularization" (2018); Kudo and Richardson, "SentencePiece" (2018).
 */

import { fail } from "../../base/errors.ts";
import { at } from "../../base/invariant.ts";
import { buildByteTrie, type ByteTrie } from "./byte-trie.ts";
import { createMarkedSplitter, findByteTokens, isMarkedText, pushUnknown } from "./marked-text.ts";
import type { TextEncoding } from "./text-encoding.ts";
import { TOKEN_TYPE, type VocabularyBytes, type VocabularyData } from "./types.ts";
import { utf8Length } from "./utf8-text.ts";
import type { WordModel } from "./word-encoder.ts";
import { createWordEncoding } from "./word-encoding.ts";

/** By how much an unknown character scores below the worst token; SentencePiece's constant. */
const UNKNOWN_PENALTY = 10;

/** Throws `tokenizer_invalid` where there are no scores. */
export function createUnigram(data: VocabularyData, vocabulary: VocabularyBytes, unkId: number | null): TextEncoding {
  const { scores } = data;
  if (scores === undefined) fail("tokenizer_invalid", { problem: "A unigram vocabulary needs scores." });
  const isText = (id: number): boolean => isMarkedText(data.tokenTypes?.[id]);
  const lattice = createLattice(
    buildByteTrie(vocabulary.bytes, vocabulary.offsets, isText),
    scores,
    unknownScore(data),
  );
  const idOfByte = findByteTokens(data);
  const fuses = data.fuseUnknown ?? true;
  const model: WordModel = (word, length, _hash, out) => {
    const path = lattice.bestPath(word, length);
    let afterUnknown = false;
    for (let step = path.length - 2; step >= 0; step -= 2) {
      const id = at(path, step);
      if (id >= 0) out.push(id);
      const instead: number | null = fuses && afterUnknown ? null : unkId;
      afterUnknown = id < 0 && pushUnknown(word, at(path, step + 1), idOfByte, instead, out);
    }
  };
  return createWordEncoding(createMarkedSplitter(data, vocabulary, isText), model);
}

/** Below the lowest score of a text token. */
function unknownScore({ scores, tokenTypes, tokens }: VocabularyData): number {
  let lowest = Infinity;
  for (let id = 0; id < tokens.length; id += 1) {
    if ((tokenTypes?.[id] ?? TOKEN_TYPE.normal) === TOKEN_TYPE.normal) lowest = Math.min(lowest, scores?.[id] ?? 0);
  }
  return (Number.isFinite(lowest) ? lowest : 0) - UNKNOWN_PENALTY;
}

interface Lattice {
  /** Pairs of a token, or -1 for an unknown character, and its offset; the last of the word first. */
  bestPath(word: Uint8Array, length: number): Int32Array;
}

/** Scratch grows with the longest word. Of equal sums the way that was found first stays, as in SentencePiece. */
function createLattice(trie: ByteTrie, scores: ArrayLike<number>, unknown: number): Lattice {
  let best = new Float64Array(256);
  let token = new Int32Array(256);
  let start = new Int32Array(256);
  let path = new Int32Array(512);
  const reserve = (length: number): void => {
    if (length < best.length) return;
    best = new Float64Array(length * 2);
    token = new Int32Array(length * 2);
    start = new Int32Array(length * 2);
    path = new Int32Array(length * 4);
  };
  const offer = (from: number, to: number, id: number, score: number): void => {
    const sum = (best[from] ?? 0) + score;
    if (!(sum > (best[to] ?? 0))) return;
    best[to] = sum;
    token[to] = id;
    start[to] = from;
  };
  return {
    bestPath(word, length) {
      reserve(length);
      best.fill(-Infinity, 1, length + 1);
      best[0] = 0;
      for (let from = 0; from < length; from += utf8Length(word[from] ?? 0)) {
        const characterEnd = Math.min(length, from + utf8Length(word[from] ?? 0));
        let isKnown = false;
        let node = 0;
        for (let to = from; to < length; to += 1) {
          node = trie.child(node, word[to] ?? 0);
          if (node < 0) break;
          const id = trie.token(node);
          if (id < 0) continue;
          offer(from, to + 1, id, scores[id] ?? 0);
          if (to + 1 === characterEnd) isKnown = true;
        }
        if (!isKnown) offer(from, characterEnd, -1, unknown);
      }
      let size = 0;
      for (let end = length; end > 0; end = at(start, end)) {
        path[size++] = at(token, end);
        path[size++] = at(start, end);
      }
      return path.subarray(0, size);
    },
  };
}
