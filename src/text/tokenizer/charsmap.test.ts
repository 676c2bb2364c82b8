import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Tokenizer as HuggingFaceTokenizer } from "tokenizers";

import { compileCharsmap } from "../../../test/support/charsmap.ts";
import { huggingFaceIds } from "../../../test/support/hugging-face-tokenizer.ts";
import { metaspace, unigram } from "../../../test/support/tokenizer-json.ts";
import { createCharsmap } from "./charsmap.ts";
import { createTokenizer } from "./create-tokenizer.ts";
import { readTokenizerFiles } from "./hugging-face/read-tokenizer.ts";

const REPLACEMENTS = { Ａ: "A", ｂ: "b", ﬁ: "fi", "\t": " ", "\u3000": " ", "½": "1⁄2", "\u00ad": "", 中: "the" };

describe("createCharsmap", () => {
  const map = createCharsmap(compileCharsmap({ ...REPLACEMENTS, a: "x", abc: "y", abcde: "z" }));

  it("replaces the longest spelling at each place and keeps the rest", () => {
    expect(map("")).toBe("");
    expect(map("qrs😀")).toBe("qrs😀");
    expect(map("Ａｂﬁ\t½\u00ad!")).toBe("Abfi 1⁄2!");
    expect(map("a ab abc abcd abcde")).toBe("x xb y yd z");
    expect(map("\0a\0")).toBe("\0x\0");
  });

  it("has nothing to do where the table is empty", () => {
    expect(createCharsmap(new Uint8Array(0))("Ａ")).toBe("Ａ");
  });

  it("refuses what is no table", () => {
    for (const bytes of [[1], [0, 0, 0, 0, 1], [5, 0, 0, 0, 1, 2, 3, 4, 5, 6], [8, 0, 0, 0, 1, 2, 3, 4]]) {
      expect(() => createCharsmap(Uint8Array.from(bytes))).toThrow(
        expect.objectContaining({ code: "tokenizer_invalid" }),
      );
    }
  });

  it("ends for any table", () => {
    const bytes = fc
      .uint8Array({ minLength: 16, maxLength: 64 })
      .map((body) => Uint8Array.from([12, 0, 0, 0, ...body]));
    fc.assert(
      fc.property(bytes, fc.string({ unit: "grapheme" }), (table, text) => {
        expect(typeof createCharsmap(table)(text)).toBe("string");
      }),
    );
  });

  it("normalises as Hugging Face's tokenizers do with the same table", async () => {
    const table = Buffer.from(compileCharsmap(REPLACEMENTS)).toString("base64");
    const normalizer = { type: "Precompiled", precompiled_charsmap: table };
    const json = JSON.stringify(unigram(true, { normalizer, pre_tokenizer: metaspace("always") }));
    const oracle = HuggingFaceTokenizer.fromString(json);
    const tokenizer = createTokenizer(readTokenizerFiles({ tokenizer: new TextEncoder().encode(json) }).vocabulary);
    const part = fc.constantFrom(...Object.keys(REPLACEMENTS), "the", " ", "a", "é", "🦙");
    const text = fc.array(part, { maxLength: 20 }).map((parts) => parts.join(""));
    await fc.assert(
      fc.asyncProperty(text, async (input) => {
        const ids = tokenizer.encode(input, { addSpecial: false, parseSpecial: false });
        expect([...ids]).toEqual(await huggingFaceIds(oracle, input));
      }),
    );
  });
});
