import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { createTokenizer } from "./create-tokenizer.ts";
import { TOKEN_TYPE, type VocabularyData } from "./types.ts";

const { normal, unknown, control, byte } = TOKEN_TYPE;
const AS_TEXT = { addSpecial: false, parseSpecial: false };
const PARSED = { addSpecial: true, parseSpecial: true };

type Entry = readonly [token: string, score: number, type: number];
const HEAD: readonly Entry[] = [
  ["<unk>", 0, unknown],
  ["<s>", 0, control],
  ["</s>", 0, control],
];
const BYTES: readonly Entry[] = Array.from({ length: 256 }, (_, value) => [
  `<0x${value.toString(16).toUpperCase().padStart(2, "0")}>`,
  0,
  byte,
]);

function vocabulary(entries: readonly Entry[], rest: Partial<VocabularyData> = {}): VocabularyData {
  return {
    kind: "spm",
    pre: "default",
    tokens: entries.map(([token]) => token),
    scores: Float32Array.from(entries, ([, score]) => score),
    tokenTypes: Int32Array.from(entries, ([, , type]) => type),
    ...rest,
  };
}

/** The definition, on strings: join the neighbours that make the token of the best score, leftmost first. */
function naive(data: VocabularyData, text: string): readonly number[] {
  const idOf = new Map<string, number>();
  for (const [id, token] of data.tokens.entries()) {
    if (data.tokenTypes?.[id] === normal && !idOf.has(token)) idOf.set(token, id);
  }
  const symbols = Array.from(` ${text}`.replaceAll(" ", "▁"));
  for (;;) {
    let best: { readonly index: number; readonly score: number } | null = null;
    for (let index = 0; index + 1 < symbols.length; index += 1) {
      const id = idOf.get(`${symbols[index]}${symbols[index + 1]}`);
      const score = id === undefined ? undefined : data.scores?.[id];
      if (score !== undefined && (best === null || score > best.score)) best = { index, score };
    }
    if (best === null) break;
    symbols.splice(best.index, 2, `${symbols[best.index]}${symbols[best.index + 1]}`);
  }
  return symbols.flatMap((symbol) => {
    const id = idOf.get(symbol);
    return id === undefined ? Array.from(new TextEncoder().encode(symbol), (value) => value + HEAD.length) : [id];
  });
}

describe("SentencePiece BPE", () => {
  it("merges as the definition says", () => {
    const unit = fc.constantFrom("a", "b", "▁", "é", "😀");
    const token = fc.tuple(fc.string({ unit, minLength: 1, maxLength: 4 }), fc.integer({ min: -4, max: 0 }));
    const text = fc.string({ unit: fc.constantFrom("a", "b", " ", "é", "😀", "▁", "z"), minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(
        fc.array(token, { maxLength: 20 }),
        fc.array(text, { minLength: 1, maxLength: 3 }),
        (tokens, inputs) => {
          const entries = tokens.map(([piece, score]): Entry => [piece, score, normal]);
          const data = vocabulary([...HEAD, ...BYTES, ...entries]);
          const tokenizer = createTokenizer(data);
          for (const input of inputs) expect([...tokenizer.encode(input, AS_TEXT)]).toEqual(naive(data, input));
        },
      ),
      { numRuns: 2000 },
    );
  });

  const words = vocabulary([...HEAD, ["▁", -1, normal], ["a", -2, normal], ["▁a", -3, normal]]);

  it("puts a space before the text and after special tokens, unless told otherwise", () => {
    expect([...createTokenizer(words).encode("a", PARSED)]).toEqual([1, 5]);
    expect([...createTokenizer(words).encode("a</s>a<s>", PARSED)]).toEqual([1, 5, 2, 5, 1]);
    expect([...createTokenizer(words).encode("", PARSED)]).toEqual([1]);
    expect([...createTokenizer({ ...words, addSpacePrefix: false }).encode("a", PARSED)]).toEqual([1, 4]);
    expect([...createTokenizer({ ...words, addBos: false, addEos: true }).encode("a", PARSED)]).toEqual([5, 2]);
  });

  it("gives one unknown token for a run of characters without bytes, and does not throw", () => {
    expect([...createTokenizer(words).encode("aé😀a\0", AS_TEXT)]).toEqual([5, 0, 4, 0]);
    expect([...createTokenizer({ ...words, unkId: null }).encode("aé", AS_TEXT)]).toEqual([5]);
  });

  it("never makes a control or byte token from text", () => {
    const entries: readonly Entry[] = [...HEAD, ...BYTES, ["<", -1, normal], ["s>", -1, normal], ["<0", -1, normal]];
    const ids = createTokenizer(vocabulary(entries)).encode("<s><0x41>", AS_TEXT);
    expect([...ids]).not.toContain(1);
    expect([...ids]).not.toContain(HEAD.length + 0x41);
  });

  it("gives back the text that it encoded, but for U+2581", () => {
    const data = vocabulary([...HEAD, ...BYTES, ["▁", -1, normal], ["▁the", -2, normal], ["th", -3, normal]]);
    const tokenizer = createTokenizer(data);
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: fc.constantFrom(" ", "t", "h", "e") })),
        (text) => {
          expect(tokenizer.decode(tokenizer.encode(text, AS_TEXT))).toBe(text.replaceAll("▁", " "));
        },
      ),
      { numRuns: 500 },
    );
  });

  it("refuses a token of unreasonable length", () => {
    const data = vocabulary([...HEAD, ["a".repeat(2000), -1, normal]]);
    expect(() => createTokenizer(data)).toThrow(/Token 3 has 2000 bytes; the limit is 1024/);
  });

  it("needs scores", () => {
    const { scores: _, ...rest } = words;
    expect(() => createTokenizer(rest)).toThrow(expect.objectContaining({ code: "tokenizer_invalid" }));
  });

  it("takes pathological texts in linear time", () => {
    const runs: readonly Entry[] = ["aa", "aaaa", "aaaaaaaa", "▁▁", "▁▁▁▁"].map((token) => [token, -1, normal]);
    const tokenizer = createTokenizer(vocabulary([...HEAD, ...BYTES, ["a", -1, normal], ["▁", -1, normal], ...runs]));
    for (const unit of ["a", " ", "\n", "😀", "a ", "<s"]) {
      const start = performance.now();
      tokenizer.encode(unit.repeat(250_000 / unit.length), AS_TEXT);
      expect({ unit, fast: performance.now() - start < 3000 }).toEqual({ unit, fast: true });
    }
  });
});
