import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { preTokenizerOf } from "./pre-tokenizers.ts";
import { createWordSplitter } from "./word-splitter.ts";

function wordsOf(name: string, text: string): readonly string[] {
  const words: string[] = [];
  createWordSplitter(preTokenizerOf(name).rule)(text, "start", (whole, start, end) =>
    words.push(whole.slice(start, end)),
  );
  return words;
}

/** Matches and gaps. */
function cut(text: string, pattern: RegExp): readonly string[] {
  const pieces: string[] = [];
  let last = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > last) pieces.push(text.slice(last, match.index));
    pieces.push(match[0]);
    last = match.index + match[0].length;
  }
  if (last < text.length) pieces.push(text.slice(last));
  return pieces;
}

// The expressions of the models' tokenizer.json, with \s spelled as the Unicode property that it means
// there, and (?i:...) as the letters that fold to those.
const GPT_2 =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;
const LLAMA_3 =
  /'[sSſ]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\p{White_Space}\p{L}\p{N}]+[\r\n]*|\p{White_Space}*[\r\n]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;
const QWEN_2 =
  /'[sSſ]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\p{White_Space}\p{L}\p{N}]+[\r\n]*|\p{White_Space}*[\r\n]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

const REFERENCES: Readonly<Record<string, (text: string) => readonly string[]>> = {
  "gpt-2": (text) => cut(text, GPT_2),
  "llama-bpe": (text) => cut(text, LLAMA_3),
  qwen2: (text) => cut(text, QWEN_2),
  smollm: (text) => cut(text, /\p{N}/gu).flatMap((piece) => cut(piece, GPT_2)),
};

const SPACES = [" ", "  ", "\t", "\n", "\r\n", "\u00a0", "\u0085", "\ufeff", "\u3000", "\u2028"];
const LETTERS = ["a", "Z", "é", "ſ", "中", "𠀀", "ﬁ", "K"];
const NUMBERS = ["1", "٣", "½", "Ⅷ", "𝟘"];
const MARKS = [".", "!!", "😀", "\u0301", "_", "\u0000"];
const CONTRACTIONS = ["'", "'s", "'S", "'re", "'LL", "'d", "'ſ"];

/** Characters at which the rules differ: each class, its odd members, and beyond the BMP. */
const tricky = fc.constantFrom(...SPACES, ...LETTERS, ...NUMBERS, ...MARKS, ...CONTRACTIONS);
const texts = fc.oneof(
  fc.array(tricky, { maxLength: 12 }).map((parts) => parts.join("")),
  fc.string({ unit: "binary", maxLength: 30 }),
);

describe("words of a scan rule", () => {
  for (const [name, reference] of Object.entries(REFERENCES)) {
    it(`are those of ${name}'s regular expression`, () => {
      fc.assert(
        fc.property(texts, (text) => {
          expect(wordsOf(name, text)).toEqual(reference(text));
        }),
        { numRuns: 3000 },
      );
    });
  }

  it("are found in linear time", () => {
    const units = ["a", " ", "\n", "1", "!", "😀", "中", "a1", "a ", " \n", "'s", "\t ", "\ud83d\ude00a"];
    for (const unit of units) {
      const text = unit.repeat(250_000 / unit.length);
      const start = performance.now();
      for (const name of Object.keys(REFERENCES)) wordsOf(name, text);
      expect({ unit, fast: performance.now() - start < 5000 }).toEqual({ unit, fast: true });
    }
  });
});

describe("the default rule", () => {
  it("cuts punctuation, then words, then digits by three", () => {
    expect(wordsOf("", "Hello, world! 12345 it's")).toEqual([
      "Hello",
      ",",
      " world",
      "!",
      " ",
      "123",
      "45",
      " it",
      "'",
      "s",
    ]);
    expect(wordsOf("default", "  a\n")).toEqual([" ", " a", "\n"]);
    expect(wordsOf("default", "")).toEqual([]);
  });

  it("loses nothing of a text that is longer than one part", () => {
    const text = `${"😀".repeat(499_999)}a${"中b ".repeat(400_000)}`;
    expect(wordsOf("default", text).join("")).toBe(text);
  });
});

describe("preTokenizerOf", () => {
  it("names the known ones for an unknown name", () => {
    for (const name of ["no-such", "constructor", "__proto__"]) {
      expect(() => preTokenizerOf(name)).toThrow(/llama-bpe, .*qwen2/);
      expect(() => preTokenizerOf(name)).toThrow(expect.objectContaining({ code: "tokenizer_unsupported" }));
    }
  });
});
