/**
 * SentencePiece BPE, as Llama 2 and TinyLlama use it: characters are the symbols, and of all pairs that
 * make a token the one with the highest score merges first. Spaces, which SentencePiece stores as
 * U+2581, are kept as spaces here, on both sides; a U+2581 in the text counts as one.
 * Source: Kudo and Richardson, "SentencePiece" (2018); llama.cpp for the prefix and the byte fallback.
 */

import { fail } from "../../base/errors.ts";
import { at } from "../../base/invariant.ts";
import { buildByteIndex } from "./byte-index.ts";
import { buildScorePairs, type ScorePairs } from "./score-pairs.ts";
import type { TextEncoding } from "./text-encoding.ts";
import type { TokenBuffer } from "./token-buffer.ts";
import { TOKEN_TYPE, type VocabularyBytes, type VocabularyData } from "./types.ts";
import { codePointAt, utf8Length, writeUtf8 } from "./utf8-text.ts";
import { createWordEncoder, type WordModel } from "./word-encoder.ts";

const SPACE = 0x20;
const SPACE_MARK = "\u2581";
const SPACE_MARK_BYTES = Uint8Array.of(0xe2, 0x96, 0x81);

/** Throws `tokenizer_invalid` where there are no scores. */
export function createSpm(data: VocabularyData, vocabulary: VocabularyBytes, unkId: number | null): TextEncoding {
  const { scores } = data;
  if (scores === undefined) fail("tokenizer_invalid", { problem: "A SentencePiece vocabulary needs scores." });
  const isText = (id: number): boolean => isTextType(data.tokenTypes?.[id]);
  const index = buildByteIndex(vocabulary.bytes, vocabulary.offsets, isText);
  const characters = buildScorePairs(vocabulary, index, scores, isText);
  const words = createWordEncoder({
    pairs: characters.pairs,
    wholeWords: null,
    toSymbols: (word, length, symbols) => toSymbols(characters, word, length, symbols),
    emit: createEmit(characters, data, unkId),
  });
  const cut = spacesOnlyLead(vocabulary, isText);
  return {
    encode(text, afterSpecial, out) {
      const spaced = text.replaceAll(SPACE_MARK, " ");
      const whole = vocabulary.spacePrefix && afterSpecial ? ` ${spaced}` : spaced;
      for (let start = 0; start < whole.length;) {
        const end = cut ? wordEnd(whole, start) : whole.length;
        words.encode(writeUtf8(whole, start, end, words.room((end - start) * 3)), out);
        start = end;
      }
    },
  };
}

/** Only text tokens come out of text: "<s>" never becomes BOS by merging. */
function isTextType(type: number | undefined): boolean {
  return type !== TOKEN_TYPE.control && type !== TOKEN_TYPE.unknown && type !== TOKEN_TYPE.byte;
}

/** A word ends where a space follows something else; see `spacesOnlyLead`. */
function wordEnd(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index += 1) {
    if (text.charCodeAt(index) === SPACE && text.charCodeAt(index - 1) !== SPACE) return index;
  }
  return text.length;
}

/** Whether no token has a space after something else, so that no merge crosses such a place. */
function spacesOnlyLead(vocabulary: VocabularyBytes, isText: (id: number) => boolean): boolean {
  const { bytes, offsets } = vocabulary;
  for (let id = 0; id + 1 < offsets.length; id += 1) {
    if (!isText(id)) continue;
    for (let offset = at(offsets, id) + 1; offset < at(offsets, id + 1); offset += 1) {
      if (bytes[offset] === SPACE && bytes[offset - 1] !== SPACE) return false;
    }
  }
  return true;
}

/** A character's symbol, or where it has none, -1 - its offset in the word. */
function toSymbols(characters: ScorePairs, word: Uint8Array, length: number, symbols: Int32Array): number {
  let count = 0;
  for (let offset = 0; offset < length; offset += utf8Length(word[offset] ?? 0)) {
    symbols[count] = characters.symbolOfCharacter.get(codePointAt(word, offset)) ?? -1 - offset;
    count += 1;
  }
  return count;
}

/** Characters that are no token become their byte tokens, or, where one is missing, one unknown token a run. */
function createEmit(characters: ScorePairs, data: VocabularyData, unkId: number | null): WordModel["emit"] {
  const idOfByte = findByteTokens(data.tokens);
  const vocabSize = data.tokens.length;
  return (symbols, count, word, out) => {
    let afterUnknown = false;
    for (let position = 0; position < count; position += 1) {
      const symbol = at(symbols, position);
      if (symbol >= 0 && symbol < vocabSize) {
        out.push(symbol);
        afterUnknown = false;
        continue;
      }
      const offset = -1 - symbol;
      const character =
        symbol < 0
          ? word.subarray(offset, offset + utf8Length(at(word, offset)))
          : at(characters.extraCharacters, symbol - vocabSize);
      const known = pushBytes(character, idOfByte, out);
      if (!known && !afterUnknown && unkId !== null) out.push(unkId);
      afterUnknown = !known;
    }
  };
}

/** False, and nothing pushed, where a byte has no token. A space has the bytes of U+2581. */
function pushBytes(character: Uint8Array, idOfByte: Int32Array, out: TokenBuffer): boolean {
  const bytes = character[0] === SPACE ? SPACE_MARK_BYTES : character;
  if (bytes.some((byte) => at(idOfByte, byte) < 0)) return false;
  for (const byte of bytes) out.push(at(idOfByte, byte));
  return true;
}

/** By byte: the id of "<0x00>" to "<0xFF>", or -1. */
function findByteTokens(tokens: readonly string[]): Int32Array {
  const ids = new Int32Array(256).fill(-1);
  for (const [id, token] of tokens.entries()) {
    if (token.length !== 6 || !token.startsWith("<0x") || !token.endsWith(">")) continue;
    const byte = Number.parseInt(token.slice(3, 5), 16);
    if (byte >= 0 && ids[byte] === -1) ids[byte] = id;
  }
  return ids;
}
