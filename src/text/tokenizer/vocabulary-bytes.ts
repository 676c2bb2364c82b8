/**
 * Builds the bytes of every token from their stored form, without merges: cheap enough for a thread
 * that only turns ids into text. Encoding is not here.
 */

import { fail } from "../../base/errors.ts";
import { at, invariant } from "../../base/invariant.ts";
import { ALPHABET_END, BYTE_OF_CHARACTER } from "./byte-alphabet.ts";
import { findEndTokens } from "./end-tokens.ts";
import { TOKEN_FLAG, TOKEN_TYPE, type VocabularyBytes, type VocabularyData } from "./types.ts";
import { wellFormed, writeUtf8 } from "./utf8-text.ts";

/** What SentencePiece stores for a space: U+2581. */
const SPACE_MARK = 0x2581;
const BYTE_TOKEN = /^<0x([0-9A-Fa-f]{2})>$/;

/** Throws `tokenizer_invalid` where arrays differ in length or a byte token does not name a byte. */
export function buildVocabularyBytes(data: VocabularyData): VocabularyBytes {
  const { tokens } = data;
  checkLength("token types", data.tokenTypes?.length, tokens.length);
  checkLength("scores", data.scores?.length, tokens.length);
  let units = 0;
  for (const token of tokens) units += token.length;
  const bytes = new Uint8Array(units * 3);
  const offsets = new Uint32Array(tokens.length + 1);
  const flags = new Uint8Array(tokens.length);
  let end = 0;
  // Neither views nor entries: a start waits for this, and its code is not compiled yet.
  for (let id = 0; id < tokens.length; id += 1) {
    const type = data.tokenTypes?.[id] ?? TOKEN_TYPE.normal;
    flags[id] = flagsOf(type);
    end += writeToken(data.kind, at(tokens, id), type, bytes, end);
    offsets[id + 1] = end;
  }
  const endOfGenerationIds = findEndTokens(data);
  for (const id of endOfGenerationIds) flags[id] = (flags[id] ?? 0) | TOKEN_FLAG.endOfGeneration;
  return {
    bytes: bytes.slice(0, end),
    offsets,
    flags,
    dropsFirstSpace: data.dropsFirstSpace ?? hasSpacePrefix(data),
    endOfGenerationIds,
  };
}

/** A space before the text is the default of SentencePiece's kinds; "bpe" never has one. */
export function hasSpacePrefix(data: VocabularyData): boolean {
  return data.kind !== "bpe" && (data.addSpacePrefix ?? true);
}

/** The bytes of token `id`; a view. Throws `token_out_of_range`. */
export function tokenBytes(vocabulary: VocabularyBytes, id: number): Uint8Array {
  checkToken(vocabulary, id);
  return vocabulary.bytes.subarray(at(vocabulary.offsets, id), at(vocabulary.offsets, id + 1));
}

/** Throws `token_out_of_range`. */
export function checkToken(vocabulary: VocabularyBytes, id: number): void {
  const vocabSize = vocabulary.flags.length;
  if (!Number.isInteger(id) || id < 0 || id >= vocabSize) fail("token_out_of_range", { token: id, vocabSize });
}

/** Whether token `id` has a bit of TOKEN_FLAG; false for an id that does not exist. */
export function hasTokenFlag(vocabulary: VocabularyBytes, id: number, flag: number): boolean {
  return ((vocabulary.flags[id] ?? 0) & flag) !== 0;
}

function flagsOf(type: number): number {
  if (type === TOKEN_TYPE.control) return TOKEN_FLAG.control | TOKEN_FLAG.hidden;
  return type === TOKEN_TYPE.unknown ? TOKEN_FLAG.hidden : 0;
}

function checkLength(what: string, length: number | undefined, count: number): void {
  if (length === undefined || length >= count) return;
  fail("tokenizer_invalid", { problem: `${count} tokens have only ${length} ${what}.` });
}

/** Writes one token's bytes at bytes[offset] and returns their number. Only normal and unused tokens are encoded. */
function writeToken(
  kind: VocabularyData["kind"],
  token: string,
  type: number,
  bytes: Uint8Array,
  offset: number,
): number {
  switch (type) {
    case TOKEN_TYPE.byte:
      bytes[offset] = parseByteToken(token);
      return 1;
    case TOKEN_TYPE.unknown:
    case TOKEN_TYPE.control:
    case TOKEN_TYPE.userDefined: {
      const text = wellFormed(token);
      return writeUtf8(text, 0, text.length, bytes, offset);
    }
    default:
      return kind === "bpe" ? writeAlphabet(token, bytes, offset) : writeMarked(token, bytes, offset);
  }
}

/** "<0x0A>" -> 10. */
function parseByteToken(token: string): number {
  const match = BYTE_TOKEN.exec(token);
  if (match === null) fail("tokenizer_invalid", { problem: `Token ${JSON.stringify(token)} has the type of a byte.` });
  const byte = Number.parseInt(at(match, 1), 16);
  invariant(byte >= 0 && byte < 256, "two hex digits are a byte");
  return byte;
}

/** Byte-level form; characters outside the alphabet, which such files should not have, stay as they are. */
export function writeAlphabet(token: string, bytes: Uint8Array, offset: number): number {
  let foreign = false;
  for (let index = 0; index < token.length; index += 1) {
    const code = token.charCodeAt(index);
    const byte = code < ALPHABET_END ? (BYTE_OF_CHARACTER[code] ?? -1) : -1;
    if (byte < 0) foreign = true;
    bytes[offset + index] = byte;
  }
  return foreign ? writeForeign(token, bytes, offset) : token.length;
}

function writeForeign(token: string, bytes: Uint8Array, offset: number): number {
  let end = offset;
  for (const character of wellFormed(token)) {
    const code = character.charCodeAt(0);
    const byte = code < ALPHABET_END ? (BYTE_OF_CHARACTER[code] ?? -1) : -1;
    if (byte >= 0) bytes[end++] = byte;
    else end += writeUtf8(character, 0, character.length, bytes, end);
  }
  return end - offset;
}

/** SentencePiece form: U+2581 is a space. */
export function writeMarked(token: string, bytes: Uint8Array, offset: number): number {
  const text = wellFormed(token).replaceAll(String.fromCharCode(SPACE_MARK), " ");
  return writeUtf8(text, 0, text.length, bytes, offset);
}
