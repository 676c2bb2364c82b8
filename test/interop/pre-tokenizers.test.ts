/**
 * Each pre-tokeniser by name against Hugging Face's `tokenizers` (Oniguruma), running what the model's own tokenizer.json
 * has. Patterns are spelled here once more, as published, so that one that was copied wrongly differs.
 * Sources: the models' tokenizer.json, as src/llama-vocab.cpp of llama.cpp quotes them; Kimi's tokenization_kimi.py.
 */

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Tokenizer } from "tokenizers";
import { PRE_TOKENIZER_NAMES, preTokenizerOf } from "../../src/text/tokenizer/pre-tokenizers.ts";
import { createWordSplitter } from "../../src/text/tokenizer/word-splitter.ts";
import { plainTrickyText } from "../support/tricky-text.ts";

const raw = String.raw;

const split = (Regex: string): object => ({ type: "Split", pattern: { Regex }, behavior: "Isolated", invert: false });
const DIGITS = { type: "Digits", individual_digits: true };
const NUMBERS = { type: "Digits", individual_digits: false };
const PUNCTUATION = { type: "Punctuation", behavior: "Contiguous" };
/** With GPT-2's expression, which is built into the library. */
const GPT_2 = { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: true };
const GPT_2_PATTERN = raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;

const LLAMA_3 = raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const QWEN_2 = raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const GPT_4O = raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const DEEPSEEK_CJK = "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+";
const DEEPSEEK_3 = raw`[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_${"`"}{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const BLOOM = raw` ?[^(\s|[.,!?…。，、।۔،])]+`;

const PUBLISHED: readonly (readonly [names: string, pipeline: readonly object[]])[] = [
  ["gpt-2 olmo mpt jais phi-2 exaone4", [GPT_2]],
  ["smollm starcoder refact command-r codeshell", [DIGITS, GPT_2]],
  // The library looks for numbers among the characters that stand for bytes, and so within letters; no merge sees that.
  ["falcon", [PUNCTUATION, split(GPT_2_PATTERN), NUMBERS, split("[0-9][0-9][0-9]")]],
  // llama.cpp's own, for files that name none.
  ["default", [split(raw`[\p{P}\$\+<=>\^~\|]+`), split(GPT_2_PATTERN), NUMBERS, split("[0-9][0-9][0-9]")]],
  ["llama-bpe dbrx smaug-bpe glm4 falcon3", [split(LLAMA_3)]],
  ["qwen2 stablelm2 hunyuan grok-2 solar-open", [split(QWEN_2)]],
  [
    "qwen35",
    [
      split(
        raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
      ),
    ],
  ],
  ["ufakzeka", [split(raw`[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`)]],
  [
    "jais-2",
    [
      split(
        raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)|\s{32}(?!\S)|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1}`,
      ),
    ],
  ],
  ["gpt-4o llama4 minimax-m2 granite-embed-multi-97m", [split(GPT_4O)]],
  [
    "tekken",
    [
      split(
        raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
      ),
    ],
  ],
  [
    "youtu",
    [
      split(
        "[\uac00-\ud7a3\u3131-\u318e]+|[！…“”‘’—：；，\u3001-\u303f\ufe30-\ufe4f]+|[\u3105-\u312f]+|[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
      ),
      split(GPT_4O.replace("{1,3}", "")),
    ],
  ],
  [
    "kimi-k2",
    [
      split(
        [
          raw`[\p{Han}]+`,
          raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?`,
          raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?`,
          raw`\p{N}{1,3}`,
          raw` ?[^\s\p{L}\p{N}]+[\r\n]*`,
          raw`\s*[\r\n]+`,
          raw`\s+(?!\S)`,
          raw`\s+`,
        ].join("|"),
      ),
    ],
  ],
  [
    "bailingmoe bailingmoe2 llada-moe",
    [
      split(
        raw`'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+`,
      ),
    ],
  ],
  [
    "seed-coder",
    [
      split(
        raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+`,
      ),
    ],
  ],
  [
    "exaone-moe",
    [
      split(
        raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+`,
      ),
    ],
  ],
  ["deepseek-v3 hunyuan-dense joyai-llm", [split(raw`\p{N}{1,3}`), split(DEEPSEEK_CJK), split(DEEPSEEK_3)]],
  [
    "spark2_5",
    [
      split(raw`\p{N}{1,3}`),
      split(DEEPSEEK_CJK),
      split(DEEPSEEK_3.replace(raw` ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+`, raw` ?[\p{P}\p{S}]+|[\r\n]`)),
      split(raw`\p{N}`),
    ],
  ],
  ["minicpm5", [split(raw`\p{N}{1,3}`), split(LLAMA_3.replace("{1,3}", "+"))]],
  [
    "deepseek-coder",
    [split(raw`[\r\n]`), split(raw`\s?\p{L}+`), split(raw`\s?\p{P}+`), split("[一-龥ࠀ-一가-퟿]+"), DIGITS],
  ],
  ["bloom poro-chat gpt3-finnish", [split(BLOOM)]],
  ["viking", [split(BLOOM), DIGITS]],
  [
    "chameleon",
    [
      split("<sentinel:[0-9]+>"),
      split("(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z"),
      split(raw`([\t\n]|    |  )`),
      DIGITS,
      { type: "Punctuation", behavior: "Isolated" },
      GPT_2,
    ],
  ],
  ["tiny_aya cohere2moe", [split(raw`\d{1,3}(?=(?:\d{3})*\b)`), split(GPT_4O)]],
  ["superbpe", [split(raw`\p{N}+`), split(raw`(?=(\d{3})+(?!\d))`)]],
  [
    "afmoe",
    [
      split(raw`\p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N}))`),
      split(
        "[一-鿿㐀-䶿\uf900-\ufaff\u3040-\u309f\u30a0-\u30ff･-ﾟ\u2f00-\u2fdf\u0e40-\u0e7f\u0e80-\u0eff\u1780-\u17ff\u1000-\u109f\uaa60-\uaa7f\ua9e0-\ua9ff\uac00-\ud7af\u1100-\u11ff]+",
      ),
      split(DEEPSEEK_3),
    ],
  ],
  ["laguna", [split(raw`[^\n]+|[\n]+`), split(QWEN_2)]],
];

/** Its letters are a list of two hundred characters, compared once with llama.cpp's; the others cut words by merges alone. */
const NOT_COMPARED: readonly string[] = ["deepseek-llm", "gemma4", "granite-embed-multi-311m", "sarvam-moe"];

/** Every word is one unknown token there, of which it says where it stood. */
function wordsThere(pretokenizers: readonly object[]): (text: string) => Promise<readonly string[]> {
  const tokenizer = Tokenizer.fromString(
    JSON.stringify({
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: { type: "Sequence", pretokenizers },
      post_processor: null,
      decoder: null,
      model: { type: "WordLevel", vocab: { "[UNK]": 0 }, unk_token: "[UNK]" },
    }),
  );
  return async (text) => {
    const characters = Array.from(text);
    const encoding = await tokenizer.encode(text, null, { addSpecialTokens: false });
    return encoding.getOffsets().map(([start, end]) => characters.slice(start, end).join(""));
  };
}

function wordsHere(name: string): (text: string) => readonly string[] {
  const cut = createWordSplitter(preTokenizerOf(name).rule);
  return (text) => {
    const words: string[] = [];
    cut(text, "start", (whole, start, end) => words.push(whole.slice(start, end)));
    return words;
  };
}

/** What the patterns treat by itself, and what stands at their edges. */
const TEXTS = [
  "It's  12345 Ünïts,\n\n  they'LL say 中文かな: x²! \t<end>\r\n",
  "HTTPServer getHTTPResponse2 iPhone's ǅungla ʰa ªb 1234567 12,345.67 a1b22c333d4444",
  "हिन्दी ไทย 한국어 العربية ٣٤٥٦ Ⅷ½ 𝟘𝟙 e\u0301 e\u0301\u0302x \u0301a ㄅㄆ ー々〇",
  "a/b//c\n/ path/to\n\n\nfile.ts  {}();  ==> `x` ~y~ |z| <sentinel:12> IMGIMGABZ $5^2",
  "      six\t\ttabs \n \n x \u3000wide\u00a0nbsp \u2028line  ",
  "«quote» — dash… ！？。，、 “x” ‘y’ ﹏﹏ :) (a) #1 @b_c __init__ 'tis 'S 'ſ don't DON'T",
];

describe("a pre-tokeniser by name cuts as its model's tokenizer.json does in Hugging Face's tokenizers", () => {
  it("is compared for every name, or for one of the same rule", () => {
    const compared = new Set(
      PUBLISHED.flatMap(([names]) => names.split(" ")).map((name) => JSON.stringify(preTokenizerOf(name).rule)),
    );
    const others = PRE_TOKENIZER_NAMES.filter((name) => !compared.has(JSON.stringify(preTokenizerOf(name).rule)));
    expect(others.toSorted()).toEqual(NOT_COMPARED.toSorted());
  });

  it.each(PUBLISHED)("%s", async (names, pipeline) => {
    const there = wordsThere(pipeline);
    for (const name of names.split(" ")) {
      const here = wordsHere(name);
      for (const text of TEXTS) expect({ name, words: here(text) }).toEqual({ name, words: await there(text) });
    }
    const [name = ""] = names.split(" ");
    const here = wordsHere(name);
    await fc.assert(
      fc.asyncProperty(plainTrickyText, async (text) => {
        expect(here(text)).toEqual(await there(text));
      }),
      { numRuns: 300 },
    );
  });
});
