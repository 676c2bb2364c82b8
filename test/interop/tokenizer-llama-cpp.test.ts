/** Tokenisers against llama.cpp: the cases of its own vocabularies, and prompts that it tokenised. */

import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { createTokenizer } from "../../src/text/tokenizer/create-tokenizer.ts";
import { readGreedyRows } from "./support/llama-cpp-greedy.ts";
import { readVocabulary } from "./support/read-vocabulary.ts";
import { sharedAbsent, sharedPath } from "./support/shared-folder.ts";

const AS_TEXT = { addSpecial: false, parseSpecial: false };

describe.skipIf(sharedAbsent)("llama.cpp's tokeniser cases", () => {
  for (const name of ["gpt-2", "llama-bpe", "qwen2", "llama-spm"]) {
    const path = `tokenizers/ggml-vocab-${name}.gguf`;

    it(`are met with ${name}, and decode to what they were`, () => {
      const tokenizer = createTokenizer(readVocabulary(path));
      const texts = readFileSync(sharedPath(`${path}.inp`), "utf8").split("\n__ggml_vocab_test__\n");
      const lines = readFileSync(sharedPath(`${path}.out`), "utf8").split("\n");
      expect(texts.length).toBeGreaterThan(40);
      for (const [index, text] of texts.entries()) {
        const expected = (lines[index] ?? "")
          .split(" ")
          .filter((id) => id !== "")
          .map(Number);
        const ids = tokenizer.encode(text, AS_TEXT);
        expect({ text, ids: [...ids] }).toEqual({ text, ids: expected });
        expect(tokenizer.decode(ids)).toBe(text);
      }
    });
  }

  for (const name of ["stories260K", "TinyStories-656K"]) {
    it(`the prompts of its golden file have its ids with ${name}`, () => {
      const tokenizer = createTokenizer(readVocabulary(`models/${name}-f32.gguf`));
      const rows = readGreedyRows(`${name}-f32`);
      expect(rows.length).toBeGreaterThan(0);
      for (const { prompt, prompt_tokens: expected } of rows) {
        const ids = tokenizer.encode(prompt, { addSpecial: true, parseSpecial: true });
        expect({ prompt, ids: [...ids] }).toEqual({ prompt, ids: expected });
      }
    });
  }
});

/** Stored forms of a file's end tokens. */
function ends(path: string): readonly string[] {
  const tokenizer = createTokenizer(readVocabulary(path));
  return tokenizer.endOfGenerationIds.map((id) => tokenizer.piece(id));
}

describe.skipIf(sharedAbsent)("vocabularies of real files", () => {
  it("know which tokens end an output", () => {
    expect(ends("tokenizers/ggml-vocab-llama-bpe.gguf")).toEqual(["<|end_of_text|>", "<|eot_id|>"]);
    expect(ends("tokenizers/ggml-vocab-qwen2.gguf")).toEqual(["<|endoftext|>", "<|im_end|>"]);
    expect(ends("tokenizers/ggml-vocab-gpt-2.gguf")).toEqual(["<|endoftext|>"]);
    expect(ends("models/stories260K-f32.gguf")).toEqual(["</s>"]);
  });

  it("without byte tokens give the unknown token for what they lack", () => {
    const tokenizer = createTokenizer(readVocabulary("models/TinyStories-656K-f32.gguf"));
    const ids = [...tokenizer.encode("One day 🦙🦙 came", AS_TEXT)];
    expect(ids.filter((id) => id === tokenizer.unkId)).toHaveLength(1);
    expect(tokenizer.decode(ids)).toBe("One day  came");
  });
});
