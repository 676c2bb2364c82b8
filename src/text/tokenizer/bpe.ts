/**
 * Byte-level BPE, as GPT-2, Llama 3 and Qwen use it: a text is cut into words, a word's bytes are its
 * symbols, and ranked merges join them. Special tokens are cut off before (`special-splitter.ts`).
 * Source: Radford et al., "Language Models are Unsupervised Multitask Learners" (2019).
 */

import { fail } from "../../base/errors.ts";
import { CHARACTER_OF_BYTE } from "./byte-alphabet.ts";
import { type ByteIndex, buildByteIndex, hashBytes } from "./byte-index.ts";
import { MAX_RANKS, type PairTable, pairTableBuilder } from "./pair-table.ts";
import { preTokenizerOf } from "./split-rules.ts";
import type { TextEncoding } from "./text-encoding.ts";
import { TOKEN_TYPE, type VocabularyBytes, type VocabularyData } from "./types.ts";
import { writeUtf8 } from "./utf8-text.ts";
import { writeAlphabet } from "./vocabulary-bytes.ts";
import { createWordEncoder } from "./word-encoder.ts";
import { splitWords, type WordVisitor } from "./word-splitter.ts";
import type { TokenBuffer } from "./token-buffer.ts";

/** Throws `tokenizer_invalid` and, for an unknown pre-tokeniser, `tokenizer_unsupported`. */
export function createBpe(data: VocabularyData, vocabulary: VocabularyBytes, unkId: number | null): TextEncoding {
  const { rule, wholeWords } = preTokenizerOf(data.pre);
  const index = buildByteIndex(vocabulary.bytes, vocabulary.offsets, (id) => isText(data.tokenTypes?.[id]));
  const idOfByte = Int32Array.from({ length: 256 }, (_, byte) => {
    const key = Uint8Array.of(byte);
    return index.find(key, 0, 1, hashBytes(key, 0, 1));
  });
  const words = createWordEncoder({
    pairs: buildPairs(data.merges, index),
    wholeWords: wholeWords ? index : null,
    toSymbols(word, length, symbols) {
      for (let offset = 0; offset < length; offset += 1) symbols[offset] = idOfByte[word[offset] ?? 0] ?? -1;
      return length;
    },
    emit(symbols, count, _word, to) {
      for (let position = 0; position < count; position += 1) {
        const id = symbols[position] ?? -1;
        // A byte that the vocabulary lacks; without an unknown token nothing can stand for it.
        if (id >= 0) to.push(id);
        else if (unkId !== null) to.push(unkId);
      }
    },
  });
  let out: TokenBuffer | null = null;
  const visit: WordVisitor = (text, start, end) => {
    const length = writeUtf8(text, start, end, words.room((end - start) * 3));
    if (out !== null) words.encode(length, out);
  };
  return {
    encode(text, _afterSpecial, to) {
      out = to;
      splitWords(text, rule, visit);
      out = null;
    },
  };
}

/** Only text tokens come out of text: a control token's spelling never becomes it by merging. */
function isText(type: number | undefined): boolean {
  return type === undefined || type === TOKEN_TYPE.normal || type === TOKEN_TYPE.unused;
}

/** A merge whose parts or result are not in the vocabulary can never apply and is left out. */
function buildPairs(merges: readonly string[] | undefined, index: ByteIndex): PairTable {
  if (merges === undefined) fail("tokenizer_invalid", { problem: "A byte-level BPE vocabulary needs merges." });
  if (merges.length > MAX_RANKS) {
    fail("tokenizer_invalid", { problem: `${merges.length} merges are above the limit ${MAX_RANKS}.` });
  }
  const builder = pairTableBuilder();
  let scratch = new Uint8Array(1024);
  const idOf = (bytes: Uint8Array, start: number, length: number): number =>
    index.find(bytes, start, length, hashBytes(bytes, start, length));
  for (const [rank, merge] of merges.entries()) {
    // The left part is not empty, so a space at 0 would be its own.
    const cut = merge.indexOf(" ", 1);
    if (cut < 0) continue;
    if (merge.length * 3 > scratch.length) scratch = new Uint8Array(merge.length * 6);
    const leftLength = writeAlphabet(merge.slice(0, cut), scratch);
    const rightLength = writeAlphabet(merge.slice(cut + 1), scratch.subarray(leftLength));
    const left = idOf(scratch, 0, leftLength);
    const right = idOf(scratch, leftLength, rightLength);
    const merged = idOf(scratch, 0, leftLength + rightLength);
    if (left >= 0 && right >= 0 && merged >= 0) builder.add(left, right, rank, merged);
  }
  if (merges.length > 0 && builder.size === 0) {
    const example = `${CHARACTER_OF_BYTE[0x20] ?? ""}t`;
    fail("tokenizer_invalid", { problem: `No merge joins tokens of the vocabulary; tokens look like "${example}".` });
  }
  return builder.build();
}
