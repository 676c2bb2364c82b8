/** Byte-level BPE with real vocabularies against Hugging Face's `tokenizers`, on real and on odd texts. */

import { readFileSync } from "node:fs";

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Tokenizer as HuggingFaceTokenizer } from "tokenizers";

import { createTokenizer } from "../../src/text/tokenizer/create-tokenizer.ts";
import { TOKEN_TYPE, type VocabularyData } from "../../src/text/tokenizer/types.ts";
import { huggingFaceIds, huggingFaceTokenizer } from "../support/hugging-face-tokenizer.ts";
import { trickyText } from "../support/tricky-text.ts";
import { readVocabulary } from "./support/read-vocabulary.ts";
import { sharedAbsent, sharedPath } from "./support/shared-folder.ts";

const SMOLLM_PATH = "tokenizers/smollm2/tokenizer.json";
const TEXTS = ["carroll-alice.txt", "wiki.test.raw"] as const;

interface TokenizerJson {
  readonly model: { readonly vocab: Readonly<Record<string, number>>; readonly merges: readonly string[] };
  readonly added_tokens: readonly { readonly id: number; readonly special: boolean }[];
}

/** What a converter to GGUF makes of a tokenizer.json. */
function smollmVocabulary(): VocabularyData {
  const { model, added_tokens: added } = JSON.parse(readFileSync(sharedPath(SMOLLM_PATH), "utf8")) as TokenizerJson;
  const tokens: string[] = [];
  for (const [token, id] of Object.entries(model.vocab)) tokens[id] = token;
  const tokenTypes = new Int32Array(tokens.length).fill(TOKEN_TYPE.normal);
  for (const { id, special } of added) tokenTypes[id] = special ? TOKEN_TYPE.control : TOKEN_TYPE.userDefined;
  return { kind: "bpe", pre: "smollm", tokens, tokenTypes, merges: model.merges, bosId: 0, eosId: 0 };
}

interface Pair {
  readonly data: VocabularyData;
  readonly oracle: HuggingFaceTokenizer;
}

const VOCABULARIES: Readonly<Record<string, () => Pair>> = {
  "llama-bpe": () => ofGguf("llama-bpe"),
  "gpt-2": () => ofGguf("gpt-2"),
  qwen2: () => ofGguf("qwen2"),
  smollm: () => ({ data: smollmVocabulary(), oracle: HuggingFaceTokenizer.fromFile(sharedPath(SMOLLM_PATH)) }),
};

function ofGguf(name: string): Pair {
  const data = readVocabulary(`tokenizers/ggml-vocab-${name}.gguf`);
  return { data, oracle: huggingFaceTokenizer(data) };
}

describe.skipIf(sharedAbsent)("byte-level BPE with real vocabularies", () => {
  for (const [name, load] of Object.entries(VOCABULARIES)) {
    it(`gives the ids of Hugging Face's tokenizers with ${name}`, async () => {
      const { data, oracle } = load();
      const tokenizer = createTokenizer(data);
      const encode = (text: string): Int32Array => tokenizer.encode(text, { addSpecial: false, parseSpecial: true });

      const special = fc.constantFrom(...data.tokens.filter((_, id) => data.tokenTypes?.[id] === TOKEN_TYPE.control));
      const text = fc.tuple(trickyText, fc.oneof(fc.constant(""), special), trickyText).map((parts) => parts.join(""));
      await fc.assert(
        fc.asyncProperty(text, async (input) => {
          const ids = encode(input);
          expect([...ids]).toEqual(await huggingFaceIds(oracle, input));
          expect(tokenizer.decode(ids, { keepSpecial: true })).toBe(input);
        }),
        { numRuns: 1000 },
      );
      for (const file of TEXTS) {
        const input = readFileSync(sharedPath(`text/${file}`), "utf8").slice(0, 400_000);
        // Compared as a whole: a difference of long arrays takes minutes to print.
        const same = encode(input).join() === (await huggingFaceIds(oracle, input)).join();
        expect({ file, same }).toEqual({ file, same: true });
      }
    });
  }
});
