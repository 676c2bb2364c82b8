import { describe, expect, it } from "vitest";

import { compileOniguruma } from "./oniguruma.ts";
import { PRE_TOKENIZER_NAMES, preTokenizerOf } from "./pre-tokenizers.ts";
import { createWordSplitter } from "./word-splitter.ts";

const find = (pattern: string, text: string): readonly string[] => text.match(compileOniguruma(pattern)) ?? [];

describe("compileOniguruma", () => {
  it("ignores case where a group says so, with the letters beyond ASCII that fold", () => {
    expect(find("(?i:'s|'ll)", "'s 'S 'ſ 'Ll 'x")).toEqual(["'s", "'S", "'ſ", "'Ll"]);
    expect(find("(?i)[a-c]+(?-i)d", "aBCd abD")).toEqual(["aBCd"]);
  });

  it("never gives back what a possessive or atomic part took", () => {
    expect(find("a++a", "aaaa")).toEqual([]);
    expect(find("(?>a|ab)c", "abc ac")).toEqual(["ac"]);
    expect(find("(?:a?+b){2}+", "abb abab")).toEqual(["abb", "abab"]);
    expect(find("(?:x*+y++)+z", "xyyxyz")).toEqual(["xyyxyz"]);
  });

  it("has the classes of Unicode", () => {
    expect(find("\\s", "a\u0085\u3000\ufeff")).toEqual(["\u0085", "\u3000"]);
    expect(find("\\d+", "12٣½")).toEqual(["12٣"]);
    expect(find("\\w+", "é_1 -中")).toEqual(["é_1", "中"]);
    expect(find("\\p{Han}+", "a中文b")).toEqual(["中文"]);
    expect(find("\\p{^L}+", "a12b")).toEqual(["12"]);
    expect(find("[[:punct:]&&[^.]]+", "a.,!.")).toEqual([",!"]);
    expect(find("[\\p{L}&&[^a-m]]+", "azby")).toEqual(["z", "y"]);
    expect(find("[]a-]+", "]-b")).toEqual(["]-"]);
  });

  it("takes lines and words by their edges", () => {
    expect(find("^.", "ab\ncd")).toEqual(["a", "c"]);
    expect(find(".$", "ab\ncd")).toEqual(["b", "d"]);
    expect(find("\\Aa|b\\z", "ab\nab")).toEqual(["a", "b"]);
    expect(find("\\b\\p{L}", "ab 中d")).toEqual(["a", "中"]);
    expect(find("\\x41\\x{1F600}\\u0042", "A😀B")).toEqual(["A😀B"]);
  });

  for (const pattern of [
    "(",
    ")",
    "[a",
    "a\\",
    "(a)\\1",
    "\\p{Nothing}",
    "\\p{constructor}",
    "[[:constructor:]]",
    "(?<n",
    "[b-a]",
    "*",
    "(?#x)",
    "\\x{110000}",
  ]) {
    it(`refuses ${JSON.stringify(pattern)} by name`, () => {
      const act = (): unknown => compileOniguruma(pattern);
      expect(act).toThrow(expect.objectContaining({ code: "tokenizer_unsupported" }));
      expect(act).toThrow(JSON.stringify(pattern));
    });
  }

  it("bounds length and depth", () => {
    expect(() => compileOniguruma("a".repeat(20_000))).toThrow(/limit is 16384/);
    for (const deep of [`${"(?:".repeat(99)}${")".repeat(99)}`, `${"[".repeat(99)}a${"]".repeat(99)}`]) {
      expect(() => compileOniguruma(deep)).toThrow(/deep/);
    }
  });
});

describe("each pre-tokeniser", () => {
  // A word of each kind that some pattern treats by itself.
  const text = "It's  12345 Ünïts,\n\n  they'LL say 中文かな: x²! \t<end>";

  for (const name of PRE_TOKENIZER_NAMES) {
    it(`cuts all of a text, and a long one in linear time: ${name}`, () => {
      const split = createWordSplitter(preTokenizerOf(name).rule);
      const words = (whole: string): readonly string[] => {
        const found: string[] = [];
        split(whole, "start", (part, start, end) => found.push(part.slice(start, end)));
        return found;
      };
      expect(words(text).join("")).toBe(text);
      expect(words(text).length).toBeGreaterThan(1);
      const start = process.cpuUsage();
      for (const unit of ["A", "a", "1", " ", "\n", "'", "中", "aA", " a", "1a"]) {
        expect(words(unit.repeat(20_000)).join("")).toHaveLength(20_000 * unit.length);
      }
      // Of this process, in microseconds: others may have the machine too.
      expect(process.cpuUsage(start).user).toBeLessThan(4_000_000);
    });
  }
});
