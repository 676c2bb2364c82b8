/** Texts at which tokenisers differ, for property tests: odd white space, digits, scripts, near-tokens. */

import * as fc from "fast-check";

const SPACES = [
  " ",
  "  ",
  "    ",
  "\t",
  "\n",
  "\n\n",
  "\r\n",
  " \n",
  "\u00a0",
  "\u0085",
  "\ufeff",
  "\u3000",
  "\u200b",
  "▁",
];
const WORDS = ["a", "the", " the", "Hello", " world", "ing", "tion", "ſ", "é", "Äpfel", "中文", "天", "𠀀"];
const SCRIPTS = ["한국어", "ไทย", "हिन्दी", "العربية"];
const NUMBERS = ["1", "12", "123", "1234", "٣", "½", "Ⅷ", "𝟘", "3.14"];
const MARKS = [".", "!!", "...", "//", "{}", "_", "-", "\u0000", "\u007f", "😀", "👨‍👩‍👧", "🏳️‍🌈", "\u0301", "e\u0301"];
const CONTRACTIONS = ["'s", "'S", "'re", "'LL", "'ve", "'ſ", "it's", "y'all"];
const NEAR_TOKENS = ["<|", "|>", "<s>", "<|eot", "<0x41>"];

const part = fc.constantFrom(...SPACES, ...WORDS, ...SCRIPTS, ...NUMBERS, ...MARKS, ...CONTRACTIONS, ...NEAR_TOKENS);
const partOrAny = fc.oneof(part, fc.string({ unit: "grapheme", maxLength: 4 }));

/** Of known characters alone: other tokenisers have tables of other Unicode versions. */
export const plainTrickyText: fc.Arbitrary<string> = fc.array(part, { maxLength: 24 }).map((parts) => parts.join(""));

export const trickyText: fc.Arbitrary<string> = fc
  .oneof(fc.array(part, { maxLength: 24 }), fc.array(partOrAny, { maxLength: 12 }))
  .map((parts) => parts.join(""));
