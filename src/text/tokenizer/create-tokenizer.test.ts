import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { trainedVocabulary } from "../../../test/support/trained-vocabulary.ts";
import { TurnwiseError } from "../../base/errors.ts";
import { createTokenizer } from "./create-tokenizer.ts";
import { TOKEN_TYPE, type VocabularyData } from "./types.ts";

const { normal, control, userDefined, unknown } = TOKEN_TYPE;
const TINY = { kind: "bpe", pre: "gpt-2", tokens: ["a", "b"], merges: [] } as const satisfies VocabularyData;

/** "works", or the code of what was refused; "wrong id" where an id is outside the vocabulary. */
function outcome(data: VocabularyData, text: string): string {
  try {
    const tokenizer = createTokenizer(data);
    const ids = tokenizer.encode(text + data.tokens.join(""), { addSpecial: true, parseSpecial: true });
    tokenizer.decode(ids);
    return ids.every((id) => id >= 0 && id < tokenizer.vocabSize) ? "works" : "wrong id";
  } catch (error) {
    if (error instanceof TurnwiseError) return error.code;
    throw error;
  }
}

describe("createTokenizer", () => {
  it("adds BOS and EOS as the file says, else as the pre-tokeniser does", () => {
    const options = { addSpecial: true, parseSpecial: false };
    const ids = (data: Partial<VocabularyData>): readonly number[] => [
      ...createTokenizer({ ...TINY, bosId: 0, eosId: 1, ...data }).encode("", options),
    ];
    expect(ids({})).toEqual([]);
    expect(ids({ pre: "llama-bpe" })).toEqual([0]);
    expect(ids({ pre: "llama-bpe", addBos: false })).toEqual([]);
    expect(ids({ pre: "llama-bpe", bosId: null })).toEqual([]);
    expect(ids({ addBos: true, addEos: true })).toEqual([0, 1]);
  });

  it("has the ids that llama.cpp has where a SentencePiece file names none", () => {
    const spm = { kind: "spm", pre: "", tokens: ["<unk>", "<s>", "</s>"], scores: new Float32Array(3) } as const;
    const { bosId, eosId, unkId, padId, addBos, addEos, endOfGenerationIds } = createTokenizer(spm);
    expect({ bosId, eosId, unkId, padId, addBos, addEos }).toEqual({
      bosId: 1,
      eosId: 2,
      unkId: 0,
      padId: null,
      addBos: true,
      addEos: false,
    });
    expect(endOfGenerationIds).toEqual([2]);
  });

  it("marks the beginning of a text with a space, and no text that goes on", () => {
    const tokens = ["<unk>", "<s>", "</s>", "\u2581", "a", "b", "\u2581a"];
    const tokenTypes = Int32Array.from(tokens, (token) => (token.startsWith("<") ? control : normal));
    const tokenizer = createTokenizer({ kind: "spm", pre: "", tokens, tokenTypes, scores: new Float32Array(7) });
    const ids = (after?: number): readonly number[] => [
      ...tokenizer.encode("b</s>a", { addSpecial: false, parseSpecial: true, after }),
    ];
    expect(ids()).toEqual([3, 5, 2, 6]);
    expect(ids(2)).toEqual([3, 5, 2, 6]);
    expect(ids(4)).toEqual([5, 2, 6]);
  });

  it("takes an id outside the vocabulary as absent", () => {
    const tokenizer = createTokenizer({ ...TINY, bosId: -1, padId: 2 });
    expect([tokenizer.bosId, tokenizer.padId]).toEqual([null, null]);
  });

  it("finds the tokens that end an output", () => {
    const tokens = ["<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "a", "b"];
    const ends = (types: readonly number[]): readonly number[] => {
      const tokenTypes = Int32Array.from(types);
      const tokenizer = createTokenizer({ ...TINY, tokens, tokenTypes, eosId: 4, eotId: 5 });
      for (const id of tokens.keys()) {
        expect(tokenizer.isEndOfGeneration(id)).toBe(tokenizer.endOfGenerationIds.includes(id));
      }
      return tokenizer.endOfGenerationIds;
    };
    expect(ends([control, userDefined, control, normal, normal, normal])).toEqual([0, 1, 2, 4, 5]);
    expect(ends([normal, control, control, control, normal, normal])).toEqual([1, 4, 5]);
  });

  it("renders control tokens only where asked", () => {
    const tokenTypes = Int32Array.of(normal, control, unknown);
    const tokenizer = createTokenizer({ ...TINY, tokens: ["Ġa", "<|x|>", "u"], tokenTypes });
    expect(tokenizer.decode([0, 1, 0, 2])).toBe(" a a");
    expect(tokenizer.decode([0, 1, 2], { keepSpecial: true })).toBe(" a<|x|>u");
    expect([0, 1, 2].map((id) => tokenizer.isControl(id))).toEqual([false, true, false]);
    expect([0, 1, 2].map((id) => tokenizer.isSpecial(id))).toEqual([false, true, true]);
    expect(new TextDecoder().decode(tokenizer.pieceBytes(1))).toBe("<|x|>");
    expect(tokenizer.piece(0)).toBe("Ġa");
  });

  it("survives a trip to another thread", () => {
    const { vocabulary } = createTokenizer(trainedVocabulary("llama-bpe"));
    expect(structuredClone(vocabulary)).toEqual(vocabulary);
  });

  it("refuses ids that do not exist", () => {
    const tokenizer = createTokenizer(TINY);
    for (const id of [-1, 2, 0.5]) {
      const refusal = expect.objectContaining({ code: "token_out_of_range" });
      expect(() => tokenizer.piece(id)).toThrow(refusal);
      expect(() => tokenizer.pieceBytes(id)).toThrow(refusal);
      expect(() => tokenizer.decode([id])).toThrow(refusal);
    }
  });

  const broken: readonly (readonly [what: string, data: VocabularyData])[] = [
    ["no tokens", { ...TINY, tokens: [] }],
    ["too few types", { ...TINY, tokenTypes: new Int32Array(1) }],
    ["no merges", { kind: "bpe", pre: "gpt-2", tokens: ["a"] }],
    ["merges of other tokens", { ...TINY, merges: ["x y"] }],
    ["a byte token that is none", { ...TINY, tokenTypes: Int32Array.of(6, 1) }],
    ["BOS wanted but absent", { ...TINY, addBos: true }],
    ["EOS wanted but absent", { ...TINY, addEos: true }],
  ];
  for (const [what, data] of broken) {
    it(`refuses a vocabulary with ${what}`, () => {
      expect(() => createTokenizer(data)).toThrow(expect.objectContaining({ code: "tokenizer_invalid" }));
    });
  }

  it("takes empty, doubled and odd tokens as they are", () => {
    const tokenizer = createTokenizer({
      ...TINY,
      tokens: ["a", "", "a", "中", "b", "Ġ", "bb"],
      merges: ["b b", "a b", "nospace", ""],
    });
    expect([...tokenizer.encode("ab abb", { addSpecial: false, parseSpecial: true })]).toEqual([0, 4, 5, 0, 6]);
    expect(tokenizer.decode([1, 3])).toBe("中");
  });

  it("makes a working tokeniser of any data, or refuses it", () => {
    const token = fc.oneof(
      fc.string({ unit: "binary", maxLength: 4 }),
      fc.constantFrom("<0x41>", "Ġ", "▁", "\ud800", ""),
    );
    const id = fc.oneof(fc.integer({ min: -2, max: 8 }), fc.constant(null));
    const data: fc.Arbitrary<VocabularyData> = fc.record(
      {
        kind: fc.constantFrom("bpe", "spm", "unigram"),
        pre: fc.constantFrom("gpt-2", "llama-bpe", "", "?", "tekken"),
        tokens: fc.array(token, { maxLength: 8 }),
        scores: fc.array(fc.float(), { maxLength: 10 }).map((scores) => Float32Array.from(scores)),
        tokenTypes: fc.array(fc.integer({ min: -1, max: 7 }), { maxLength: 10 }).map((types) => Int32Array.from(types)),
        merges: fc.array(
          fc.tuple(token, token).map((parts) => parts.join(" ")),
          { maxLength: 6 },
        ),
        bosId: id,
        eosId: id,
        unkId: id,
        addBos: fc.boolean(),
        addEos: fc.boolean(),
      },
      { requiredKeys: ["kind", "pre", "tokens"] },
    );
    fc.assert(
      fc.property(data, fc.string({ unit: "binary" }), (vocabulary, text) => {
        expect(["works", "tokenizer_invalid", "tokenizer_unsupported"]).toContain(outcome(vocabulary, text));
      }),
      { numRuns: 2000 },
    );
  });
});
