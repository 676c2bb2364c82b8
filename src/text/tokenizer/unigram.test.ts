import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { createTokenizer } from "./create-tokenizer.ts";
import { TOKEN_TYPE, type VocabularyData } from "./types.ts";

const PIECES = ["▁", "a", "b", "ab", "▁a", "aab", "▁ab", "ba", "bb", "é", "▁▁"];
const PLAIN = { addSpecial: false, parseSpecial: false };

function vocabulary(scores: readonly number[], more: Partial<VocabularyData> = {}): VocabularyData {
  const tokens = ["<pad>", "</s>", "<unk>", ...PIECES];
  return {
    kind: "unigram",
    pre: "",
    tokens,
    scores: Float64Array.from([0, 0, 0, ...scores]),
    tokenTypes: Int32Array.from(tokens, (_, id) =>
      id < 2 ? TOKEN_TYPE.control : id === 2 ? TOKEN_TYPE.unknown : TOKEN_TYPE.normal,
    ),
    addEos: false,
    ...more,
  };
}

const LENGTHS = PIECES.map((piece) => -1 / piece.length);

/** The best sum over all ways to cut a text, by the definition: one after another. */
function bestSum(text: string, scores: readonly number[], unknown: number): number {
  if (text === "") return 0;
  const [first = ""] = text;
  let best = PIECES.includes(first) ? -Infinity : unknown + bestSum(text.slice(first.length), scores, unknown);
  for (const [index, piece] of PIECES.entries()) {
    if (text.startsWith(piece))
      best = Math.max(best, (scores[index] ?? 0) + bestSum(text.slice(piece.length), scores, unknown));
  }
  return best;
}

describe("unigram vocabularies", () => {
  it("cut a text where its pieces score highest", () => {
    const score = fc.double({ min: -9, max: -0.1, noNaN: true });
    const scoresOf = fc.array(score, { minLength: PIECES.length, maxLength: PIECES.length });
    const text = fc.array(fc.constantFrom("a", "b", " ", "é", "中"), { maxLength: 9 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(scoresOf, text, (scores, input) => {
        const tokenizer = createTokenizer(vocabulary(scores, { fuseUnknown: false }));
        const unknown = Math.min(...scores) - 10;
        const ids = [...tokenizer.encode(input, PLAIN)];
        const sum = ids.reduce((total, id) => total + (id === 2 ? unknown : (scores[id - 3] ?? 0)), 0);
        const marked = input === "" ? "" : ` ${input}`.replaceAll(" ", "▁");
        expect(sum).toBeCloseTo(bestSum(marked, scores, unknown), 6);
        expect(tokenizer.decode(ids)).toBe(input.replaceAll("中", ""));
      }),
    );
  });

  it("have llama.cpp's ids where a file names none, and end texts with EOS", () => {
    const { bosId, eosId, unkId, padId, addBos, addEos } = createTokenizer({ ...vocabulary(LENGTHS), addEos: true });
    expect({ bosId, eosId, unkId, padId, addBos, addEos }).toEqual({
      bosId: null,
      eosId: 1,
      unkId: 2,
      padId: 0,
      addBos: false,
      addEos: true,
    });
    const tokenizer = createTokenizer({ ...vocabulary(LENGTHS), addEos: true });
    expect([...tokenizer.encode("ab", { addSpecial: true, parseSpecial: false })].at(-1)).toBe(1);
  });

  it("give one unknown token for a run, or bytes where they have them", () => {
    expect([...createTokenizer(vocabulary(LENGTHS)).encode("a中中b", PLAIN)].filter((id) => id === 2)).toHaveLength(1);
    const base = vocabulary(LENGTHS);
    const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
    const tokens = [...base.tokens, ...bytes];
    const tokenTypes = Int32Array.from(tokens, (_, id) => base.tokenTypes?.[id] ?? TOKEN_TYPE.byte);
    const scores = Float64Array.from(tokens, (_, id) => base.scores?.[id] ?? 0);
    const tokenizer = createTokenizer({ ...base, tokens, tokenTypes, scores });
    const ids = tokenizer.encode("a中b", PLAIN);
    expect(ids).not.toContain(2);
    expect(tokenizer.decode(ids)).toBe("a中b");
  });

  it("need scores", () => {
    const { scores: _, ...rest } = vocabulary(LENGTHS);
    expect(() => createTokenizer(rest)).toThrow(/needs scores/);
  });

  it("take pathological texts in linear time", () => {
    const tokenizer = createTokenizer(vocabulary(LENGTHS));
    const start = process.cpuUsage();
    for (const unit of ["a", "ab", " ", "中", "aab "]) tokenizer.encode(unit.repeat(200_000 / unit.length), PLAIN);
    expect(process.cpuUsage(start).user).toBeLessThan(5_000_000);
  });
});
