import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { huggingFaceIds, huggingFaceTokenizer } from "../../../test/support/hugging-face-tokenizer.ts";
import { trainedVocabulary } from "../../../test/support/trained-vocabulary.ts";
import { trickyText } from "../../../test/support/tricky-text.ts";
import { createTokenizer } from "./create-tokenizer.ts";

const AS_TEXT = { addSpecial: false, parseSpecial: false };
const PARSED = { addSpecial: false, parseSpecial: true };

describe("byte-level BPE", () => {
  for (const pre of ["gpt-2", "llama-bpe", "qwen2", "smollm"]) {
    it(`gives the ids of Hugging Face's tokenizers with ${pre}`, async () => {
      const data = trainedVocabulary(pre);
      const oracle = huggingFaceTokenizer(data);
      const tokenizer = createTokenizer(data);
      const specials = fc.constantFrom("", "<|begin|>", "@@", "@@@", "<|eot_id|>x");
      await fc.assert(
        fc.asyncProperty(trickyText, specials, trickyText, async (before, special, after) => {
          const text = before + special + after;
          expect([...tokenizer.encode(text, PARSED)]).toEqual(await huggingFaceIds(oracle, text));
        }),
        { numRuns: 1000 },
      );
    });
  }

  it("gives back the text that it encoded", () => {
    const tokenizer = createTokenizer(trainedVocabulary("llama-bpe"));
    fc.assert(
      fc.property(trickyText, fc.string({ unit: "binary" }), (left, right) => {
        const ids = tokenizer.encode(left + right, AS_TEXT);
        expect(tokenizer.decode(ids)).toBe(left + right);
      }),
      { numRuns: 1000 },
    );
  });

  it("keeps a word whole that is a token, with llama-bpe only", () => {
    // "ab" and "abc" are tokens, but the merges never make "abc": b c comes first.
    const tokens = ["a", "b", "c", "bc", "ab", "abc"];
    const vocabulary = { kind: "bpe", tokens, merges: ["b c", "a b"] } as const;
    const ids = (pre: string): readonly number[] => [...createTokenizer({ ...vocabulary, pre }).encode("abc", AS_TEXT)];
    expect(ids("llama-bpe")).toEqual([5]);
    expect(ids("gpt-2")).toEqual([0, 3]);
  });

  it("gives the unknown token for a byte that is missing, or nothing", () => {
    const vocabulary = { kind: "bpe", pre: "gpt-2", tokens: ["a", "b", "<unk>"], merges: [] } as const;
    expect([...createTokenizer({ ...vocabulary, unkId: 2 }).encode("axb", AS_TEXT)]).toEqual([0, 2, 1]);
    expect([...createTokenizer(vocabulary).encode("axb", AS_TEXT)]).toEqual([0, 1]);
  });

  it("never makes a control token by merging", () => {
    const tokens = ["<", "x", ">", "<x", "<x>"];
    const tokenTypes = Int32Array.of(1, 1, 1, 1, 3);
    const data = { kind: "bpe", pre: "gpt-2", tokens, tokenTypes, merges: ["< x", "<x >"] } as const;
    const tokenizer = createTokenizer(data);
    expect([...tokenizer.encode("<x>", AS_TEXT)]).not.toContain(4);
    expect([...tokenizer.encode("<x>", PARSED)]).toEqual([4]);
  });

  it("takes pathological texts in linear time", () => {
    const tokenizer = createTokenizer(trainedVocabulary("llama-bpe"));
    for (const unit of ["a", " ", "\n", "1", "!", "😀", "中", "a1", "a ", "'s", "<|", "the ", "\ud800"]) {
      const text = unit.repeat(250_000 / unit.length);
      const start = performance.now();
      tokenizer.encode(text, PARSED);
      // Quadratic time would be minutes.
      expect({ unit, fast: performance.now() - start < 15_000 }).toEqual({ unit, fast: true });
    }
  });
});
