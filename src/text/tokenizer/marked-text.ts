/**
 * What the vocabularies have in common that store tokens as SentencePiece does. Spaces, stored as U+2581,
 * are kept as spaces here, on both sides; a U+2581 in the text counts as one.
 */

import { at } from "../../base/invariant.ts";
import type { TokenBuffer } from "./token-buffer.ts";
import { TOKEN_TYPE, type VocabularyBytes, type VocabularyData } from "./types.ts";
import { utf8Length } from "./utf8-text.ts";
import { createWordSplitter, type WordSplitter } from "./word-splitter.ts";

const SPACE = 0x20;
const SPACE_MARK = "\u2581";
const SPACE_MARK_BYTES = Uint8Array.of(0xe2, 0x96, 0x81);

/** Only text tokens come out of text: "<s>" never becomes BOS by merging. */
export function isMarkedText(type: number | undefined): boolean {
  return type !== TOKEN_TYPE.control && type !== TOKEN_TYPE.unknown && type !== TOKEN_TYPE.byte;
}

/** Words as the vocabulary's own rule has them; without one, as large as can be told apart from each other. */
export function createMarkedSplitter(
  data: VocabularyData,
  vocabulary: VocabularyBytes,
  isText: (id: number) => boolean,
): WordSplitter {
  const cut = spacesOnlyLead(vocabulary, isText);
  const splitSpaces: WordSplitter = (text, _place, visit) => {
    const spaced = text.replaceAll(SPACE_MARK, " ");
    for (let start = 0; start < spaced.length;) {
      const end = cut ? wordEnd(spaced, start) : spaced.length;
      visit(spaced, start, end);
      start = end;
    }
  };
  if (data.words === undefined) return splitSpaces;
  const splitByRule = createWordSplitter(data.words);
  return (text, place, visit) =>
    splitByRule(text, place, (whole, start, end) => splitSpaces(whole.slice(start, end), "inside", visit));
}

/** A word ends where a space follows something else; see `spacesOnlyLead`. */
function wordEnd(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index += 1) {
    if (text.charCodeAt(index) === SPACE && text.charCodeAt(index - 1) !== SPACE) return index;
  }
  return text.length;
}

/** Whether no token has a space after something else, so that none crosses such a place. */
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

/** By byte: the id of "<0x00>" to "<0xFF>", or -1; all -1 where the vocabulary does not fall back to bytes. */
export function findByteTokens({ tokens, byteFallback }: VocabularyData): Int32Array {
  const ids = new Int32Array(256).fill(-1);
  if (byteFallback === false) return ids;
  for (const [id, token] of tokens.entries()) {
    if (token.length !== 6 || !token.startsWith("<0x") || !token.endsWith(">")) continue;
    const byte = Number.parseInt(token.slice(3, 5), 16);
    if (byte >= 0 && ids[byte] === -1) ids[byte] = id;
  }
  return ids;
}

/**
 * Appends the byte tokens of the character at word[offset], or, where one is missing, `unkId` unless it is
 * null, and returns true then. A space has the bytes of U+2581.
 */
export function pushUnknown(
  word: Uint8Array,
  offset: number,
  idOfByte: Int32Array,
  unkId: number | null,
  out: TokenBuffer,
): boolean {
  const isSpace = word[offset] === SPACE;
  const bytes = isSpace ? SPACE_MARK_BYTES : word;
  const start = isSpace ? 0 : offset;
  const end = start + utf8Length(bytes[start] ?? 0);
  for (let index = start; index < end; index += 1) {
    if (at(idOfByte, bytes[index] ?? 0) >= 0) continue;
    if (unkId !== null) out.push(unkId);
    return true;
  }
  for (let index = start; index < end; index += 1) out.push(at(idOfByte, bytes[index] ?? 0));
  return false;
}
