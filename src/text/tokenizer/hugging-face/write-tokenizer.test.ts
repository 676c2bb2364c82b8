/** Each way of cutting words that GGUF can name comes back from a tokenizer.json, or is refused. */

import { describe, expect, it } from "vitest";
import { CHARACTER_OF_BYTE } from "../byte-alphabet.ts";
import { PRE_TOKENIZER_NAMES, preTokenizerOf } from "../pre-tokenizers.ts";
import { TOKEN_STRIP, TOKEN_TYPE, type VocabularyData } from "../types.ts";
import { readTokenizerFiles } from "./read-tokenizer.ts";
import { tokenizerFiles } from "./write-tokenizer.ts";

const TOKENS = [...CHARACTER_OF_BYTE, "<s>", "</s>", "<tool>"];
const BPE: VocabularyData = {
  kind: "bpe",
  pre: "gpt-2",
  tokens: TOKENS,
  tokenTypes: Int32Array.from(TOKENS, (_, id) => [1, 3, 3, 4][Math.max(0, id - 255)] ?? 1),
  merges: [],
  bosId: 256,
  eosId: 257,
};

const NAMES = PRE_TOKENIZER_NAMES.filter((name) => !preTokenizerOf(name).marked);
const OF_PATTERNS = NAMES.filter((name) => {
  const { rule } = preTokenizerOf(name);
  return rule.kind === "scan" || rule.stages.every(({ kind }) => kind === "pattern");
});

function readBack(vocabulary: VocabularyData, template: string | null = null) {
  const files = tokenizerFiles(vocabulary, template);
  const bytesOf = (file: keyof typeof files) => new TextEncoder().encode(JSON.stringify(files[file]));
  return readTokenizerFiles({
    tokenizer: bytesOf("tokenizer.json"),
    config: bytesOf("tokenizer_config.json"),
    generationConfig: bytesOf("generation_config.json"),
  });
}

describe("tokenizerFiles", () => {
  it.each(OF_PATTERNS)("cut words as %s", (pre) => {
    const { rule, wholeWords, addBos } = preTokenizerOf(pre);
    expect(readBack({ ...BPE, pre }).vocabulary).toMatchObject({ kind: "bpe", words: rule, wholeWords, addBos });
  });

  it.each(NAMES.filter((name) => !OF_PATTERNS.includes(name)))("do not cut words as %s", (pre) => {
    expect(() => readBack({ ...BPE, pre })).toThrow(/words cut by more than patterns in a tokenizer\.json/);
  });

  it("keep the tokens, what is around a text, and the template", () => {
    const strips = new Uint8Array(TOKENS.length);
    strips[258] = TOKEN_STRIP.right;
    const { vocabulary, chatTemplate } = readBack(
      { ...BPE, strips, addBos: true, addEos: true, eotId: 258 },
      "{{ x }}",
    );
    expect(vocabulary).toMatchObject({
      tokens: TOKENS,
      tokenTypes: BPE.tokenTypes,
      strips,
      addBos: true,
      addEos: true,
    });
    expect(vocabulary).toMatchObject({ bosId: 256, eosId: 257, endIds: [257, 258] });
    expect(vocabulary.tokenTypes?.[258]).toBe(TOKEN_TYPE.userDefined);
    expect(chatTemplate).toBe("{{ x }}");
    expect(readBack({ ...BPE, bosId: null }).vocabulary).toMatchObject({ bosId: null, addBos: false });
  });

  it("are not made of other kinds, nor where text is changed first", () => {
    expect(() => readBack({ ...BPE, kind: "spm" })).toThrow(/of kind spm/);
    expect(() => readBack({ ...BPE, addSpacePrefix: true })).toThrow(/changes text before it is cut/);
    expect(() => readBack({ ...BPE, normalizers: [{ kind: "lowercase" }] })).toThrow(/changes text/);
  });
});
