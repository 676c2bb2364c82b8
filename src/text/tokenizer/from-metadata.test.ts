import { describe, expect, it } from "vitest";

import { type VocabularyMetadata, vocabularyFromMetadata } from "./from-metadata.ts";

/** Metadata over plain values, as a file's reader gives them. */
function metadata(values: Readonly<Record<string, unknown>>): VocabularyMetadata {
  const find = (key: string): never => values[key.replace("tokenizer.ggml.", "")] as never;
  return {
    getString: find,
    findString: find,
    findInt: find,
    findBool: find,
    getStringArray: find,
    findStringArray: find,
    findInt32Array: find,
    findFloat32Array: find,
  };
}

describe("vocabularyFromMetadata", () => {
  it("takes what is there and leaves the rest open", () => {
    const tokens = ["a"];
    expect(vocabularyFromMetadata(metadata({ model: "gpt2", tokens }))).toEqual({ kind: "bpe", pre: "", tokens });
    const full = {
      model: "llama",
      pre: "default",
      tokens,
      scores: Float32Array.of(1),
      token_type: Int32Array.of(1),
      merges: ["a b"],
      bos_token_id: 1,
      eos_token_id: 2,
      eot_token_id: 3,
      unknown_token_id: 0,
      padding_token_id: -1,
      add_bos_token: true,
      add_eos_token: false,
      add_space_prefix: false,
    };
    expect(vocabularyFromMetadata(metadata(full))).toEqual({
      kind: "spm",
      pre: "default",
      tokens,
      scores: Float32Array.of(1),
      tokenTypes: Int32Array.of(1),
      bosId: 1,
      eosId: 2,
      eotId: 3,
      unkId: 0,
      padId: -1,
      addBos: true,
      addEos: false,
      addSpacePrefix: false,
    });
  });

  it("reads a unigram vocabulary with what SentencePiece does before it", () => {
    const given = {
      model: "t5",
      tokens: ["a"],
      scores: Float32Array.of(0),
      precompiled_charsmap: Int32Array.of(-1, 2),
      remove_extra_whitespaces: true,
    };
    expect(vocabularyFromMetadata(metadata(given))).toMatchObject({
      kind: "unigram",
      normalizers: [
        { kind: "charsmap", bytes: Uint8Array.of(255, 2) },
        { kind: "replace-pattern", pattern: " +", by: " " },
        { kind: "replace-pattern", pattern: "^ | $", by: "" },
      ],
    });
    expect(vocabularyFromMetadata(metadata({ model: "t5", tokens: ["a"] }))).toMatchObject({ normalizers: [] });
  });

  it("takes BPE over characters for what it is, whatever the file calls itself", () => {
    for (const given of [{ model: "gemma4" }, { model: "gpt2", pre: "sarvam-moe" }]) {
      const data = vocabularyFromMetadata(metadata({ ...given, tokens: ["a"], merges: [] }));
      expect(data).toMatchObject({ kind: "spm", merges: [], addSpacePrefix: false, addBos: true });
    }
  });

  it("knows which of Phi-3's special tokens take the white space after them along", () => {
    const tokens = ["<s>", "<|user|>", "a"];
    const given = { "general.architecture": "phi3", model: "llama", tokens, token_type: Int32Array.of(3, 3, 1) };
    expect(vocabularyFromMetadata(metadata(given)).strips).toEqual(Uint8Array.of(0, 2, 0));
    expect(vocabularyFromMetadata(metadata({ ...given, "general.architecture": "llama" })).strips).toBeUndefined();
  });

  it("refuses another kind of tokeniser by its name", () => {
    expect(() => vocabularyFromMetadata(metadata({ model: "bert", tokens: [] }))).toThrow(/"bert".*gpt2.*llama/);
  });
});
