/** Files of every shape that is read, against Hugging Face's `tokenizers` reading the same file. */

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Tokenizer as HuggingFaceTokenizer } from "tokenizers";

import { huggingFaceIds } from "../../../../test/support/hugging-face-tokenizer.ts";
import {
  byteBpe,
  byteLevel,
  characterBpe,
  type Json,
  LLAMA_NORMALIZER,
  metaspace,
  sequence,
  split,
  unigram,
} from "../../../../test/support/tokenizer-json.ts";
import { plainTrickyText, trickyText } from "../../../../test/support/tricky-text.ts";
import { PATTERNS } from "../pre-patterns.ts";
import { createTokenizer } from "../create-tokenizer.ts";
import { readTokenizerFiles } from "./read-tokenizer.ts";

const bytes = (...parts: readonly Json[]): Json => ({
  pre_tokenizer: sequence("pretokenizers", ...parts, byteLevel(false)),
});
const regex = (pattern: string): Json => split({ Regex: pattern }, "Isolated");
const replace = (pattern: Json, content: string): Json => ({ type: "Replace", pattern, content });

const FILES: Readonly<Record<string, Json>> = {
  "GPT-2's expression": byteBpe({ pre_tokenizer: byteLevel(true) }),
  "GPT-2's expression after a space": byteBpe({ pre_tokenizer: byteLevel(true, true) }),
  "merges as pairs": byteBpe({ pre_tokenizer: byteLevel(true) }, "pairs"),
  "no expression": byteBpe({ pre_tokenizer: byteLevel(false) }),
  ...Object.fromEntries(
    Object.entries(PATTERNS).map(([name, pattern]) => [`pattern ${name}`, byteBpe(bytes(regex(pattern)))]),
  ),
  "single digits": byteBpe({
    pre_tokenizer: sequence("pretokenizers", { type: "Digits", individual_digits: true }, byteLevel(true)),
  }),
  "runs of digits": byteBpe(bytes({ type: "Digits", individual_digits: false })),
  "digits from their end": byteBpe(bytes(regex("\\p{N}+"), regex("(?=(\\d{3})+(?!\\d))"))),
  "digits before an edge": byteBpe(bytes(regex("\\d{1,3}(?=(?:\\d{3})*\\b)"))),
  "split before a text": byteBpe(bytes(split({ String: "." }, "MergedWithNext"))),
  "split after a text": byteBpe(bytes(split({ String: "." }, "MergedWithPrevious"))),
  "split at runs": byteBpe(bytes(split({ Regex: "[ .]" }, "Contiguous"))),
  "spaces removed": byteBpe(bytes(split({ Regex: "\\s+" }, "Removed"))),
  "all but words removed": byteBpe(bytes(split({ Regex: "\\w+" }, "Removed", true))),
  punctuation: byteBpe(bytes({ type: "Punctuation", behavior: "Isolated" })),
  "punctuation in runs": byteBpe(bytes({ type: "Punctuation", behavior: "Contiguous" })),
  words: byteBpe(bytes({ type: "Whitespace" })),
  "white space removed": byteBpe(bytes({ type: "WhitespaceSplit" })),
  NFC: byteBpe({ normalizer: { type: "NFC" }, pre_tokenizer: byteLevel(true) }),
  "NFD, lower case, without accents": byteBpe({
    normalizer: sequence("normalizers", { type: "NFD" }, { type: "Lowercase" }, { type: "StripAccents" }),
    pre_tokenizer: byteLevel(true),
  }),
  "NFKC, stripped": byteBpe({
    normalizer: sequence("normalizers", { type: "NFKC" }, { type: "Strip", strip_left: true, strip_right: true }),
    pre_tokenizer: byteLevel(true),
  }),
  "NFKD, replaced": byteBpe({
    normalizer: sequence(
      "normalizers",
      { type: "NFKD" },
      replace({ Regex: " {2,}" }, " "),
      replace({ String: "." }, "$&"),
    ),
    pre_tokenizer: byteLevel(true),
  }),
  "Llama 2's": characterBpe(true, true, { normalizer: LLAMA_NORMALIZER }),
  "Llama 2's without bytes": characterBpe(false, true, { normalizer: LLAMA_NORMALIZER }),
  "each unknown character by itself": characterBpe(false, false, { normalizer: LLAMA_NORMALIZER }),
  "metaspace, always": characterBpe(true, true, { pre_tokenizer: metaspace("always") }),
  "metaspace, first": characterBpe(true, true, { pre_tokenizer: metaspace("first", false) }),
  "metaspace, never": characterBpe(false, true, { pre_tokenizer: metaspace("never") }),
  unigram: unigram(false, { pre_tokenizer: metaspace("always") }),
  "unigram with bytes": unigram(true, { pre_tokenizer: metaspace("always") }),
  "unigram, words first": unigram(false, {
    pre_tokenizer: sequence("pretokenizers", { type: "WhitespaceSplit" }, metaspace("always")),
  }),
  "unigram, whole": unigram(true, { normalizer: LLAMA_NORMALIZER }),
};

describe("a tokenizer.json", () => {
  for (const [name, json] of Object.entries(FILES)) {
    it(`gives the ids of Hugging Face's tokenizers: ${name}`, async () => {
      const text = JSON.stringify(json);
      const oracle = HuggingFaceTokenizer.fromString(text);
      const tokenizer = createTokenizer(readTokenizerFiles({ tokenizer: new TextEncoder().encode(text) }).vocabulary);
      await fc.assert(
        fc.asyncProperty(json["normalizer"] === null ? trickyText : plainTrickyText, async (given) => {
          // Spellings of byte tokens are taken for the bytes there, but not in SentencePiece.
          const input = given.replaceAll("<0x", "");
          const ids = tokenizer.encode(input, { addSpecial: false, parseSpecial: true });
          expect([...ids]).toEqual(await huggingFaceIds(oracle, input));
        }),
        { numRuns: 60 },
      );
    });
  }
});
