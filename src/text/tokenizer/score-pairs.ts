/**
 * A SentencePiece vocabulary as a pair table: each way to cut a token in two symbols is a pair that
 * merges into it, ranked by score. A character that is no token but begins or ends one gets a symbol of
 * its own, above the vocabulary's ids.
 */

import { fail } from "../../base/errors.ts";
import { at } from "../../base/invariant.ts";
import { type ByteIndex, hashBytes } from "./byte-index.ts";
import { MAX_RANKS, type PairTable, pairTableBuilder } from "./pair-table.ts";
import type { VocabularyBytes, VocabularyScores } from "./types.ts";
import { codePointAt, utf8Length } from "./utf8-text.ts";

/**
 * Bytes of a token. SentencePiece stops at 16 characters, and known vocabularies at some hundred bytes;
 * each place where a token can be cut is looked at, which takes the square of its length.
 */
const MAX_TOKEN_BYTES = 1024;

/** The pairs of a vocabulary whose symbols are characters. */
export interface CharacterPairs {
  readonly pairs: PairTable;
  /** The symbol of each character that has one, by code point. */
  readonly symbolOfCharacter: ReadonlyMap<number, number>;
  /** Bytes of the characters that are no token, by symbol - vocabSize. */
  readonly extraCharacters: readonly Uint8Array[];
}

/** `index` holds the ids for which `isText` holds. Throws `tokenizer_invalid` for what is above a limit. */
export function buildScorePairs(
  vocabulary: VocabularyBytes,
  index: ByteIndex,
  scores: VocabularyScores,
  isText: (id: number) => boolean,
): CharacterPairs {
  const { bytes, offsets } = vocabulary;
  const vocabSize = offsets.length - 1;
  const rankOf = rankScores(scores.subarray(0, vocabSize));
  const symbolOfCharacter = new Map<number, number>();
  const extraCharacters: Uint8Array[] = [];
  const builder = pairTableBuilder();

  const tokenOf = (start: number, length: number): number =>
    index.find(bytes, start, length, hashBytes(bytes, start, length));
  const isCharacter = (start: number, length: number): boolean => utf8Length(bytes[start] ?? 0) === length;
  const symbolOf = (start: number, length: number): number => {
    const token = tokenOf(start, length);
    if (token >= 0 || !isCharacter(start, length)) return token;
    const point = codePointAt(bytes, start);
    const known = symbolOfCharacter.get(point);
    if (known !== undefined) return known;
    const symbol = vocabSize + extraCharacters.length;
    extraCharacters.push(bytes.slice(start, start + length));
    symbolOfCharacter.set(point, symbol);
    return symbol;
  };

  for (let id = 0; id < vocabSize; id += 1) {
    const start = at(offsets, id);
    const end = at(offsets, id + 1);
    // Of equal tokens only the first is ever produced.
    if (start === end || !isText(id) || tokenOf(start, end - start) !== id) continue;
    if (end - start > MAX_TOKEN_BYTES) {
      fail("tokenizer_invalid", { problem: `Token ${id} has ${end - start} bytes; the limit is ${MAX_TOKEN_BYTES}.` });
    }
    if (isCharacter(start, end - start)) {
      symbolOfCharacter.set(codePointAt(bytes, start), id);
      continue;
    }
    for (let cut = start + utf8Length(bytes[start] ?? 0); cut < end; cut += utf8Length(bytes[cut] ?? 0)) {
      const left = symbolOf(start, cut - start);
      const right = left < 0 ? -1 : symbolOf(cut, end - cut);
      if (right >= 0) builder.add(left, right, at(rankOf, id), id);
    }
  }
  return { pairs: builder.build(), symbolOfCharacter, extraCharacters };
}

/** By id: how many distinct scores are higher. */
function rankScores(scores: VocabularyScores): Int32Array {
  const distinct = Float64Array.from(new Set(scores)).toSorted().toReversed();
  if (distinct.length > MAX_RANKS) {
    fail("tokenizer_invalid", { problem: `${distinct.length} different scores are above the limit ${MAX_RANKS}.` });
  }
  const rankOfScore = new Map(Array.from(distinct, (score, rank) => [score, rank]));
  return Int32Array.from(scores, (score) => rankOfScore.get(score) ?? 0);
}
