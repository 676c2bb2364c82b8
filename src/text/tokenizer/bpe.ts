/**
 * Byte-level BPE, as GPT-2, Llama 3 and Qwen use it: a text is cut into words, a word's bytes are its
 * symbols, and ranked merges join them. Special tokens are cut off before (`special-splitter.ts`).
 * Source: Radford et al., "Language Models are Unsupervised Multitask Learners" (2019).
 */

import { fail } from "../../base/errors.ts";
import { CHARACTER_OF_BYTE } from "./byte-alphabet.ts";
import { type ByteIndex, buildByteIndex, hashBytes } from "./byte-index.ts";
import { createMergeModel } from "./merge-model.ts";
import type { PairTable } from "./pair-table.ts";
import { type PreTokenizer, preTokenizerOf } from "./pre-tokenizers.ts";
import { buildRankedPairs } from "./ranked-pairs.ts";
import type { TextEncoding } from "./text-encoding.ts";
import { TOKEN_TYPE, type VocabularyBytes, type VocabularyData } from "./types.ts";
import { writeAlphabet } from "./vocabulary-bytes.ts";
import type { WordModel } from "./word-encoder.ts";
import { createWordEncoding } from "./word-encoding.ts";
import { createWordSplitter } from "./word-splitter.ts";

/** Throws `tokenizer_invalid` and, for an unknown pre-tokeniser, `tokenizer_unsupported`. */
export function createBpe(data: VocabularyData, vocabulary: VocabularyBytes, unkId: number | null): TextEncoding {
  const { rule, wholeWords } = wordRulesOf(data);
  const index = buildByteIndex(vocabulary.bytes, vocabulary.offsets, (id) => isText(data.tokenTypes?.[id]));
  const idOfByte = Int32Array.from({ length: 256 }, (_, byte) => {
    const key = Uint8Array.of(byte);
    return index.find(key, 0, 1, hashBytes(key, 0, 1));
  });
  const merge = createMergeModel({
    pairs: buildMergePairs(data.merges, index),
    toSymbols(word, length, symbols) {
      for (let offset = 0; offset < length; offset += 1) symbols[offset] = idOfByte[word[offset] ?? 0] ?? -1;
      return length;
    },
    emit(symbols, count, _word, out) {
      for (let position = 0; position < count; position += 1) {
        const id = symbols[position] ?? -1;
        // A byte that the vocabulary lacks; without an unknown token nothing can stand for it.
        if (id >= 0) out.push(id);
        else if (unkId !== null) out.push(unkId);
      }
    },
  });
  const model: WordModel = (word, length, hash, out) => {
    const whole = wholeWords ? index.find(word, 0, length, hash) : -1;
    if (whole >= 0) out.push(whole);
    else merge(word, length, hash, out);
  };
  return createWordEncoding(createWordSplitter(rule), model);
}

/** Only text tokens come out of text: a control token's spelling never becomes it by merging. */
function isText(type: number | undefined): boolean {
  return type === undefined || type === TOKEN_TYPE.normal || type === TOKEN_TYPE.unused;
}

/** What a tokenizer.json says, else what the name of the pre-tokeniser stands for. */
function wordRulesOf(data: VocabularyData): Pick<PreTokenizer, "rule" | "wholeWords"> {
  const { words: rule, wholeWords = false } = data;
  return rule === undefined ? preTokenizerOf(data.pre) : { rule, wholeWords };
}

/** The merges in the byte alphabet, as pairs of tokens. */
function buildMergePairs(merges: readonly string[] | undefined, index: ByteIndex): PairTable {
  if (merges === undefined) fail("tokenizer_invalid", { problem: "A byte-level BPE vocabulary needs merges." });
  const idOf = (bytes: Uint8Array, start: number, length: number): number =>
    index.find(bytes, start, length, hashBytes(bytes, start, length));
  const example = `${CHARACTER_OF_BYTE[0x20] ?? ""}t`;
  return buildRankedPairs(merges, writeAlphabet, idOf, example);
}
