/**
 * BPE over characters, as Llama 2, Mistral and Gemma use it: characters are the symbols, and pairs that
 * make a token merge, the one with the highest score first, or in the order of ranked merges where the
 * vocabulary has those.
 * Source: Kudo and Richardson, "SentencePiece" (2018); llama.cpp for the prefix and the byte fallback.
 */

import { fail } from "../../base/errors.ts";
import { at } from "../../base/invariant.ts";
import { buildByteIndex, type ByteIndex, hashBytes } from "./byte-index.ts";
import { createMarkedSplitter, findByteTokens, isMarkedText, pushUnknown } from "./marked-text.ts";
import { createMergeModel, type SymbolRules } from "./merge-model.ts";
import { buildRankedPairs } from "./ranked-pairs.ts";
import { buildScorePairs, type CharacterPairs } from "./score-pairs.ts";
import type { TextEncoding } from "./text-encoding.ts";
import type { VocabularyBytes, VocabularyData } from "./types.ts";
import { codePointAt, utf8Length } from "./utf8-text.ts";
import { writeMarked } from "./vocabulary-bytes.ts";
import { createWordEncoding } from "./word-encoding.ts";

/** Throws `tokenizer_invalid` where there are neither merges nor scores. */
export function createSpm(data: VocabularyData, vocabulary: VocabularyBytes, unkId: number | null): TextEncoding {
  const isText = (id: number): boolean => isMarkedText(data.tokenTypes?.[id]);
  const index = buildByteIndex(vocabulary.bytes, vocabulary.offsets, isText);
  const characters = buildPairs(data, vocabulary, index, isText);
  const model = createMergeModel({
    pairs: characters.pairs,
    toSymbols: (word, length, symbols) => toSymbols(characters, word, length, symbols),
    emit: createEmit(characters, data, unkId),
  });
  return createWordEncoding(createMarkedSplitter(data, vocabulary, isText), model);
}

function buildPairs(
  { merges, scores }: VocabularyData,
  vocabulary: VocabularyBytes,
  index: ByteIndex,
  isText: (id: number) => boolean,
): CharacterPairs {
  if (merges === undefined) {
    if (scores === undefined) fail("tokenizer_invalid", { problem: "A SentencePiece vocabulary needs scores." });
    return buildScorePairs(vocabulary, index, scores, isText);
  }
  const idOf = (bytes: Uint8Array, start: number, length: number): number =>
    index.find(bytes, start, length, hashBytes(bytes, start, length));
  const pairs = buildRankedPairs(merges, writeMarked, idOf, "\u2581t");
  const symbolOfCharacter = new Map<number, number>();
  const { bytes, offsets } = vocabulary;
  for (let id = 0; id + 1 < offsets.length; id += 1) {
    const start = at(offsets, id);
    const isCharacter = utf8Length(bytes[start] ?? 0) === at(offsets, id + 1) - start;
    if (!isCharacter || !isText(id)) continue;
    const point = codePointAt(bytes, start);
    if (!symbolOfCharacter.has(point)) symbolOfCharacter.set(point, id);
  }
  return { pairs, symbolOfCharacter, extraCharacters: [] };
}

/** A character's symbol, or where it has none, -1 - its offset in the word. */
function toSymbols(characters: CharacterPairs, word: Uint8Array, length: number, symbols: Int32Array): number {
  let count = 0;
  for (let offset = 0; offset < length; offset += utf8Length(word[offset] ?? 0)) {
    symbols[count] = characters.symbolOfCharacter.get(codePointAt(word, offset)) ?? -1 - offset;
    count += 1;
  }
  return count;
}

/** Characters that are no token become their byte tokens, or, where one is missing, one unknown token a run. */
function createEmit(characters: CharacterPairs, data: VocabularyData, unkId: number | null): SymbolRules["emit"] {
  const idOfByte = findByteTokens(data);
  const vocabSize = data.tokens.length;
  const fuses = data.fuseUnknown ?? true;
  return (symbols, count, word, out) => {
    let afterUnknown = false;
    for (let position = 0; position < count; position += 1) {
      const symbol = at(symbols, position);
      if (symbol >= 0 && symbol < vocabSize) {
        out.push(symbol);
        afterUnknown = false;
        continue;
      }
      const [bytes, offset] =
        symbol < 0 ? [word, -1 - symbol] : [at(characters.extraCharacters, symbol - vocabSize), 0];
      afterUnknown = pushUnknown(bytes, offset, idOfByte, fuses && afterUnknown ? null : unkId, out);
    }
  };
}
