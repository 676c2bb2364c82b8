import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  byteBpe,
  byteLevel,
  characterBpe,
  type Json,
  tokenizerJson,
  unigram,
} from "../../../../test/support/tokenizer-json.ts";
import { TurnwiseError } from "../../../base/errors.ts";
import { createTokenizer } from "../create-tokenizer.ts";
import { TOKEN_TYPE, type Tokenizer } from "../types.ts";
import { readTokenizerFiles, type ReadTokenizer } from "./read-tokenizer.ts";

const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function read(json: Json, config?: Json, generationConfig?: Json): ReadTokenizer {
  return readTokenizerFiles({
    tokenizer: bytesOf(json),
    config: config === undefined ? null : bytesOf(config),
    generationConfig: generationConfig === undefined ? null : bytesOf(generationConfig),
  });
}

function tokenizerOf(json: Json, config?: Json, generationConfig?: Json): Tokenizer {
  return createTokenizer(read(json, config, generationConfig).vocabulary);
}

const special = (id: string): Json => ({ SpecialToken: { id, type_id: 0 } });

/** With special tokens around the text. */
function template(before: readonly string[], after: readonly string[], ids: Readonly<Record<string, number>>): Json {
  return {
    type: "TemplateProcessing",
    single: [...before.map(special), { Sequence: { id: "A", type_id: 0 } }, ...after.map(special)],
    pair: [],
    special_tokens: Object.fromEntries(
      Object.entries(ids).map(([id, value]) => [id, { id, ids: [value], tokens: [id] }]),
    ),
  };
}

describe("readTokenizerFiles", () => {
  it("adds BOS and EOS as the post-processor says, unless the configuration says otherwise", () => {
    const ids = { "<s>": 1, "</s>": 2 };
    const json = characterBpe(false, true, { post_processor: template(["<s>"], ["</s>"], ids) });
    const encode = (config?: Json): readonly number[] => [
      ...tokenizerOf(json, config).encode("", { addSpecial: true, parseSpecial: false }),
    ];
    expect(encode()).toEqual([1, 2]);
    expect(encode({ add_bos_token: false, bos_token: "<s>" })).toEqual([2]);
    expect(encode({ add_eos_token: false, eos_token: { content: "</s>" } })).toEqual([1]);
    expect([...tokenizerOf(characterBpe(false, true)).encode("", { addSpecial: true, parseSpecial: false })]).toEqual(
      [],
    );
  });

  it("knows the tokens that end an output, from every file that names some", () => {
    const json = byteBpe({ pre_tokenizer: byteLevel(true) });
    const eot = tokenizerOf(json).encode("<|eot_id|>", { addSpecial: false, parseSpecial: true })[0] ?? -1;
    expect(tokenizerOf(json).endOfGenerationIds).toEqual([eot]);
    expect(tokenizerOf(json, { eos_token: "!" }, { eos_token_id: [5, eot] }).endOfGenerationIds).toEqual([5, 33, eot]);
    expect(tokenizerOf(json, undefined, { eos_token_id: 7 }).endOfGenerationIds).toEqual([7, eot]);
  });

  it("takes the chat template from where it is", () => {
    const json = byteBpe();
    expect(read(json).chatTemplate).toBeNull();
    expect(read(json, { chat_template: "a" }).chatTemplate).toBe("a");
    const named = [
      { name: "tool_use", template: "t" },
      { name: "default", template: "d" },
    ];
    expect(read(json, { chat_template: named }).chatTemplate).toBe("d");
    const files = { tokenizer: bytesOf(json), config: bytesOf({ chat_template: "a" }), chatTemplate: "own file" };
    expect(readTokenizerFiles(files).chatTemplate).toBe("own file");
  });

  it("has added tokens of the configuration, strips the space that goes with one, and fills up the rest", () => {
    const added = { content: "<mask>", lstrip: true, rstrip: true, special: true };
    const vocabulary = readTokenizerFiles({
      tokenizer: bytesOf(
        tokenizerJson({ type: "BPE", vocab: { a: 0, b: 1 }, merges: [] }, { pre_tokenizer: byteLevel(true) }),
      ),
      config: bytesOf({ added_tokens_decoder: { "3": added } }),
      vocabSize: 6,
    }).vocabulary;
    expect(vocabulary.tokens).toEqual(["a", "b", "", "<mask>", "", ""]);
    expect([...(vocabulary.tokenTypes ?? [])]).toEqual([1, 1, 5, TOKEN_TYPE.control, 5, 5]);
    const ids = createTokenizer(vocabulary).encode("a  <mask> \n b", { addSpecial: false, parseSpecial: true });
    expect([...ids]).toEqual([0, 3, 1]);
  });

  it("leaves out added tokens beyond the embedding, and refuses a vocabulary that goes beyond it", () => {
    const pad = { id: 2, content: "[PAD]", special: true };
    const json = tokenizerJson(
      { type: "BPE", vocab: { a: 0, b: 1 }, merges: [] },
      { pre_tokenizer: byteLevel(true), added_tokens: [pad] },
    );
    const readRows = (vocabSize: number): ReadTokenizer =>
      readTokenizerFiles({ tokenizer: bytesOf(json), config: null, vocabSize });
    expect(readRows(3).vocabulary.tokens).toEqual(["a", "b", "[PAD]"]);
    expect(readRows(2).vocabulary.tokens).toEqual(["a", "b"]);
    expect(() => readRows(1)).toThrow("config.json has 1 tokens");
  });

  it("gives the unknown token for what a vocabulary without bytes lacks", () => {
    const tokenizer = tokenizerOf(characterBpe(false, true));
    expect(
      [...tokenizer.encode("a🦙🦙b", { addSpecial: false, parseSpecial: false })].filter((id) => id === 0),
    ).toHaveLength(1);
  });

  const unknown: readonly (readonly [name: string, json: Json])[] = [
    ["WordPiece", tokenizerJson({ type: "WordPiece", vocab: {} })],
    ["BertNormalizer", byteBpe({ normalizer: { type: "BertNormalizer" } })],
    ["UnicodeScripts", byteBpe({ pre_tokenizer: { type: "UnicodeScripts" } })],
    ["CTC", byteBpe({ decoder: { type: "CTC" } })],
    ["OddProcessing", byteBpe({ post_processor: { type: "OddProcessing" } })],
    ["(?R)", byteBpe({ pre_tokenizer: { type: "Split", pattern: { Regex: "(?R)" }, behavior: "Isolated" } })],
    ["end_of_word_suffix", tokenizerJson({ type: "BPE", vocab: {}, merges: [], end_of_word_suffix: "</w>" })],
    ["2 special tokens", byteBpe({ post_processor: template(["a", "b"], [], { a: 0, b: 1 }) })],
  ];
  for (const [name, json] of unknown) {
    it(`names ${name} as what it does not know`, () => {
      expect(() => tokenizerOf(json)).toThrow(expect.objectContaining({ code: "tokenizer_unsupported" }));
      expect(() => tokenizerOf(json)).toThrow(name);
    });
  }

  it("takes no word that all objects know for a behavior", () => {
    const split = { type: "Split", pattern: { String: "." }, behavior: "constructor", invert: false };
    expect(() => tokenizerOf(byteBpe({ pre_tokenizer: split }))).toThrow(/its behavior is "constructor"/);
  });

  it("bounds sequences", () => {
    const deep = Array.from({ length: 20 }).reduce<Json>(
      (normalizers) => ({ type: "Sequence", normalizers: [normalizers] }),
      {
        type: "NFC",
      },
    );
    const long = { type: "Sequence", normalizers: Array.from({ length: 100 }, () => ({ type: "NFC" })) };
    for (const normalizer of [deep, long]) {
      expect(() => read(byteBpe({ normalizer }))).toThrow(expect.objectContaining({ code: "tokenizer_invalid" }));
    }
  });

  it("refuses ids that would make the vocabulary too large", () => {
    const json = tokenizerJson({ type: "BPE", vocab: { a: 2 ** 40 }, merges: [] });
    expect(() => read(json)).toThrow(/limit is 4194304/);
  });

  it("makes a working tokeniser of any file, or refuses it", () => {
    const files = [byteBpe({ pre_tokenizer: byteLevel(true) }), characterBpe(true, true), unigram(true)];
    const junk = fc.oneof(
      fc.constantFrom<unknown>(null, true, -1, 1e9, 0.5, "", "Sequence", "\\p{", [], {}, [[]]),
      fc.jsonValue(),
    );
    const property = fc.property(
      fc.nat(2),
      fc.array(fc.tuple(fc.nat(), junk), { minLength: 1, maxLength: 3 }),
      (which, changes) => {
        const json = structuredClone(files[which] ?? {});
        for (const [place, value] of changes) changeAt(json, place, value);
        expect(["works", "tokenizer_invalid", "tokenizer_unsupported"]).toContain(outcome(json));
      },
    );
    fc.assert(property, { numRuns: 300 });
  });
});

/** "works", or the code of what was refused; "wrong id" where an id is outside the vocabulary. */
function outcome(json: Json): string {
  try {
    const tokenizer = tokenizerOf(json);
    const ids = tokenizer.encode("the quick 12é🦙", { addSpecial: true, parseSpecial: true });
    return ids.every((id) => id >= 0 && id < tokenizer.vocabSize) ? "works" : "wrong id";
  } catch (error) {
    if (error instanceof TurnwiseError) return error.code;
    throw error;
  }
}

/** Puts `value` at one of the places of a JSON value, chosen by a number. */
function changeAt(json: unknown, place: number, value: unknown): void {
  let parent = json as Record<string, unknown>;
  for (let rest = place; ; rest = Math.floor(rest / 7)) {
    const keys = Object.keys(parent);
    const key = keys[rest % keys.length];
    if (key === undefined) return;
    const child = parent[key];
    if (typeof child !== "object" || child === null || rest % 5 === 0) {
      parent[key] = value;
      return;
    }
    parent = child as Record<string, unknown>;
  }
}
