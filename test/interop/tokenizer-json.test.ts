/** Real tokenizer.json files as source, against Hugging Face's `tokenizers` reading the same file. */

import { readFileSync } from "node:fs";

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Tokenizer as HuggingFaceTokenizer } from "tokenizers";

import { createTokenizer } from "../../src/text/tokenizer/create-tokenizer.ts";
import { readTokenizerFiles } from "../../src/text/tokenizer/hugging-face/read-tokenizer.ts";
import { huggingFaceIds } from "../support/hugging-face-tokenizer.ts";
import { trickyText } from "../support/tricky-text.ts";
import { readVocabulary } from "./support/read-vocabulary.ts";
import { sharedAbsent, sharedPath } from "./support/shared-folder.ts";

const FILES = ["tokenizers/smollm2/tokenizer.json", "models/TinyStories-656K/tokenizer.json"];

describe.skipIf(sharedAbsent)("real tokenizer.json files", () => {
  for (const path of FILES) {
    it(`give the ids of Hugging Face's tokenizers: ${path}`, async () => {
      const oracle = HuggingFaceTokenizer.fromFile(sharedPath(path));
      const { vocabulary } = readTokenizerFiles({ tokenizer: readFileSync(sharedPath(path)) });
      const tokenizer = createTokenizer(vocabulary);
      await fc.assert(
        fc.asyncProperty(trickyText, async (text) => {
          const ids = tokenizer.encode(text, { addSpecial: false, parseSpecial: false });
          expect([...ids]).toEqual(await huggingFaceIds(oracle, text));
          // The unknown token is shown there, here it is not.
          const known = ids.filter((id) => id !== tokenizer.unkId);
          expect(tokenizer.decode(known)).toBe(await oracle.decode([...known], true));
        }),
        { numRuns: 500 },
      );
      for (const file of ["carroll-alice.txt", "tinystories-sample.txt"]) {
        const text = readFileSync(sharedPath(`text/${file}`), "utf8").slice(0, 200_000);
        const ids = tokenizer.encode(text, { addSpecial: false, parseSpecial: false });
        const same = ids.join() === (await huggingFaceIds(oracle, text)).join();
        expect({ file, same }).toEqual({ file, same: true });
      }
    });
  }

  it("give the ids of the same model's GGUF file, its BOS and its unknown token too", () => {
    const folder = "models/TinyStories-656K";
    const { vocabulary } = readTokenizerFiles({
      tokenizer: readFileSync(sharedPath(`${folder}/tokenizer.json`)),
      config: readFileSync(sharedPath(`${folder}/tokenizer_config.json`)),
      generationConfig: readFileSync(sharedPath(`${folder}/generation_config.json`)),
    });
    const tokenizer = createTokenizer(vocabulary);
    const fromGguf = createTokenizer(readVocabulary(`${folder}-f32.gguf`));
    const { bosId, eosId, unkId, addBos, addEos, endOfGenerationIds } = tokenizer;
    expect({ bosId, eosId, unkId, addBos, addEos, endOfGenerationIds }).toEqual({
      bosId: fromGguf.bosId,
      eosId: fromGguf.eosId,
      unkId: fromGguf.unkId,
      addBos: fromGguf.addBos,
      addEos: fromGguf.addEos,
      endOfGenerationIds: fromGguf.endOfGenerationIds,
    });
    for (const text of ["Once upon a time", " two  spaces ", "<|start_story|>One", "llama 🦙🦙!", ""]) {
      const options = { addSpecial: true, parseSpecial: true };
      expect({ text, ids: tokenizer.encode(text, options) }).toEqual({ text, ids: fromGguf.encode(text, options) });
    }
  });
});
