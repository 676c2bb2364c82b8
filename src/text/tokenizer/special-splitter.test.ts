import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { createSpecialSplitter } from "./special-splitter.ts";
import { TOKEN_STRIP, TOKEN_TYPE, type VocabularyData } from "./types.ts";

function vocabulary(tokens: Readonly<Record<string, number>>): VocabularyData {
  return { kind: "bpe", pre: "gpt-2", tokens: Object.keys(tokens), tokenTypes: Int32Array.from(Object.values(tokens)) };
}

function split(data: VocabularyData, text: string, parseSpecial: boolean): readonly (string | number)[] {
  const parts: (string | number)[] = [];
  createSpecialSplitter(data).split(
    text,
    parseSpecial,
    (part) => parts.push(part),
    (id) => parts.push(id),
  );
  return parts;
}

const { normal, control, userDefined, unknown, byte } = TOKEN_TYPE;

describe("createSpecialSplitter", () => {
  const data = vocabulary({
    "<|a|>": control,
    "<|a|>b": userDefined,
    "  ": userDefined,
    "<unk>": unknown,
    word: normal,
    "<0x41>": byte,
    "": control,
  });

  it("cuts control tokens only where asked to", () => {
    expect(split(data, "x<|a|>y<unk>", true)).toEqual(["x", 0, "y", 3]);
    expect(split(data, "x<|a|>y<unk>", false)).toEqual(["x<|a|>y<unk>"]);
  });

  it("always cuts user-defined tokens, never ordinary ones", () => {
    expect(split(data, "a  word<0x41>", false)).toEqual(["a", 2, "word<0x41>"]);
    expect(split(data, "    ", false)).toEqual([2, 2]);
  });

  it("takes the longest of those that begin at the same place", () => {
    expect(split(data, "<|a|>b<|a|>c", true)).toEqual([1, 0, "c"]);
    expect(split(data, "<<|a|><|a|", true)).toEqual(["<", 0, "<|a|"]);
    expect(split(data, "", true)).toEqual([]);
  });

  it("takes white space along that goes with a token", () => {
    const strips = Uint8Array.of(TOKEN_STRIP.right, TOKEN_STRIP.left, 0, TOKEN_STRIP.left | TOKEN_STRIP.right);
    const stripping = { ...data, strips };
    expect(split(stripping, "x <|a|> \n y", true)).toEqual(["x ", 0, "y"]);
    expect(split(stripping, "x <unk>\u3000<unk> <|a|>", true)).toEqual(["x", 3, 3, 0]);
    expect(split(stripping, " \t<|a|>b z", true)).toEqual([1, " z"]);
  });

  it("takes quoted text for text, whatever it spells", () => {
    const splitter = createSpecialSplitter(data);
    const quote = (text: string): string => splitter.quote(text);
    expect(quote("word <|a| >")).toBe("word <|a| >");
    expect(split(data, `<|a|>${quote("x<|a|>y <unk>")}<|a|>`, true)).toEqual([0, "x<|a|>y <unk>", 0]);
    expect(split(data, quote("<|a|>b<|a|>"), true)).toEqual([1, "<|a|>"]);
    expect(split(data, "<\uFDD0b", true)).toEqual(["<\uFDD0b"]);
  });

  it("quotes overlapping and nested tokens, astral ones too", () => {
    const tokens = fc.uniqueArray(
      fc.string({ unit: fc.constantFrom("<", "|", "a", "😀"), minLength: 2, maxLength: 4 }),
      { minLength: 1, maxLength: 8 },
    );
    const texts = fc.string({ unit: fc.constantFrom("<", "|", "a", "😀", "b"), maxLength: 20 });
    fc.assert(
      fc.property(tokens, texts, (specials, text) => {
        const types = vocabulary(Object.fromEntries(specials.map((token) => [token, control])));
        const quoted = createSpecialSplitter(types).quote(text);
        expect(split(types, quoted, true)).toEqual(text === "" ? [] : [text]);
      }),
      { numRuns: 1000 },
    );
  });

  it("agrees with a regular expression of the tokens, longest first", () => {
    const tokens = fc.uniqueArray(
      fc.string({ unit: fc.constantFrom("<", "|", "a", "😀"), minLength: 1, maxLength: 4 }),
      {
        minLength: 1,
        maxLength: 8,
      },
    );
    const texts = fc.string({ unit: fc.constantFrom("<", "|", "a", "😀", "b"), maxLength: 20 });
    fc.assert(
      fc.property(tokens, texts, (specials, text) => {
        const longestFirst = specials.toSorted((left, right) => right.length - left.length);
        const spelled = longestFirst.map((token) => token.replaceAll("|", "\\|"));
        const pattern = new RegExp(`(${spelled.join("|")})`, "u");
        const expected = text
          .split(pattern)
          .map((part, index) => (index % 2 === 1 ? specials.indexOf(part) : part))
          .filter((part) => part !== "");
        const types = Object.fromEntries(specials.map((token) => [token, control]));
        expect(split(vocabulary(types), text, true)).toEqual(expected);
      }),
      { numRuns: 1000 },
    );
  });
});
