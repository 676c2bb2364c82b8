import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { createDetokenizer, decodeTokens, type DetokenizerOptions } from "./detokenizer.ts";
import { TOKEN_FLAG, type VocabularyBytes } from "./tokenizer/types.ts";
import { buildVocabularyBytes } from "./tokenizer/vocabulary-bytes.ts";

/** One token for each entry; hidden ones last. */
function vocabularyOf(tokens: readonly Uint8Array[], dropsFirstSpace = false, hidden = 0): VocabularyBytes {
  const offsets = new Uint32Array(tokens.length + 1);
  for (const [id, token] of tokens.entries()) offsets[id + 1] = (offsets[id] ?? 0) + token.length;
  const bytes = Uint8Array.from(tokens.flatMap((token) => [...token]));
  const flags = new Uint8Array(tokens.length).fill(TOKEN_FLAG.hidden, tokens.length - hidden);
  return { bytes, offsets, flags, dropsFirstSpace, endOfGenerationIds: [] };
}

const everyByte = vocabularyOf(Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)));
const plain: DetokenizerOptions = { continuation: true, keepSpecial: false };
const LONE_SURROGATE = /[\uD800-\uDFFF]/u;
const utf8 = new TextEncoder();
/** U+FEFF at the beginning is text, not a mark to drop. */
const reference = new TextDecoder("utf-8", { ignoreBOM: true });

/** Bytes that often are, or nearly are, UTF-8. */
const bytes = fc
  .array(
    fc.oneof(
      fc.string({ unit: "binary", maxLength: 3 }).map((text) => [...utf8.encode(text)]),
      fc.array(fc.constantFrom(0xf0, 0x9f, 0xe2, 0x80, 0xed, 0xa0, 0xc3, 0xff, 0x41, 0xef, 0xbb, 0xbf), {
        maxLength: 4,
      }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => Uint8Array.from(parts.flat()));

describe("createDetokenizer", () => {
  it("emits the text of the bytes, in pieces that are whole characters", () => {
    fc.assert(
      fc.property(bytes, (input) => {
        const detokenizer = createDetokenizer(everyByte, plain);
        const pieces = [...input].map((byte) => detokenizer.push(byte));
        pieces.push(detokenizer.flush());
        expect(pieces.join("")).toBe(reference.decode(input));
        expect(pieces.join("")).toBe(decodeTokens(everyByte, input, plain));
        for (const piece of pieces) expect(piece).not.toMatch(LONE_SURROGATE);
      }),
      { numRuns: 2000 },
    );
  });

  it("emits the same text however the bytes are cut into tokens", () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 6 }), fc.boolean(), fc.boolean(), fc.boolean(), (tokens, ...choices) => {
        const [dropsFirstSpace, continuation, keepSpecial] = choices;
        const vocabulary = vocabularyOf(tokens, dropsFirstSpace, Math.floor(tokens.length / 3));
        const options = { continuation, keepSpecial };
        const ids = tokens.map((_, id) => id);
        const detokenizer = createDetokenizer(vocabulary, options);
        const text = ids.map((id) => detokenizer.push(id)).join("") + detokenizer.flush();
        expect(text).toBe(decodeTokens(vocabulary, ids, options));
      }),
      { numRuns: 1000 },
    );
  });

  it("gives a character with its last byte, and a broken one as soon as it is broken", () => {
    const detokenizer = createDetokenizer(everyByte, plain);
    expect([0xf0, 0x9f, 0xa6, 0x99].map((byte) => detokenizer.push(byte))).toEqual(["", "", "", "🦙"]);
    expect([0xe2, 0x80, 0x41].map((byte) => detokenizer.push(byte))).toEqual(["", "", "\uFFFDA"]);
    expect(detokenizer.push(0xc3)).toBe("");
    expect(detokenizer.flush()).toBe("\uFFFD");
    expect(detokenizer.push(0x42)).toBe("B");
  });

  it("takes the first space of a whole text away, not of a continuation", () => {
    const vocabulary = buildVocabularyBytes({
      kind: "spm",
      pre: "",
      tokens: ["<unk>", "<s>", "</s>", "▁Hello", "▁world"],
      scores: new Float32Array(5),
      tokenTypes: Int32Array.of(2, 3, 3, 1, 1),
    });
    const text = (ids: readonly number[], continuation: boolean, keepSpecial = false): string => {
      const detokenizer = createDetokenizer(vocabulary, { continuation, keepSpecial });
      return ids.map((id) => detokenizer.push(id)).join("") + detokenizer.flush();
    };
    expect(text([1, 3, 4, 2], false)).toBe("Hello world");
    expect(text([3, 4], true)).toBe(" Hello world");
    expect(text([1, 3, 2], false, true)).toBe("<s> Hello</s>");
  });

  it("refuses an id outside the vocabulary", () => {
    const detokenizer = createDetokenizer(everyByte, plain);
    for (const id of [-1, 256, 1.5, Number.NaN]) {
      expect(() => detokenizer.push(id)).toThrow(expect.objectContaining({ code: "token_out_of_range" }));
      expect(() => decodeTokens(everyByte, [id], plain)).toThrow(
        expect.objectContaining({ code: "token_out_of_range" }),
      );
    }
  });
});
