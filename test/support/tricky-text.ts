/** Texts at which tokenisers differ, for property tests: odd white space, digits, scripts, near-tokens. */

import fc from "fast-check";

const PARTS = [
  ...[" ", "  ", "    ", "\t", "\n", "\n\n", "\r\n", " \n", "\u00a0", "\u0085", "\ufeff", "\u3000", "\u200b", "▁"],
  ...["a", "the", " the", "Hello", " world", "ing", "tion", "ſ", "é", "Äpfel", "中文", "天", "한국어", "ไทย", "हिन्दी", "العربية", "𠀀"],
  ...["1", "12", "123", "1234", "٣", "½", "Ⅷ", "𝟘", "3.14"],
  ...[".", "!!", "...", "//", "{}", "_", "-", "\u0000", "\u007f", "😀", "👨‍👩‍👧", "🏳️‍🌈", "\u0301", "e\u0301"],
  ...["'s", "'S", "'re", "'LL", "'ve", "'ſ", "it's", "y'all", "<|", "|>", "<s>", "<|eot", "<0x41>"],
] as const;

export const trickyText: fc.Arbitrary<string> = fc.oneof(
  fc.array(fc.constantFrom(...PARTS), { maxLength: 24 }).map((parts) => parts.join("")),
  fc.array(fc.oneof(fc.constantFrom(...PARTS), fc.string({ unit: "grapheme", maxLength: 4 })), { maxLength: 12 }).map((parts) =>
    parts.join(""),
  ),
);
