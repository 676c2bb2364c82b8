/**
 * The same vocabulary in Hugging Face's `tokenizers`: an independent tokeniser to compare with. What
 * cuts text into words is spelled here once more, as the models' own tokenizer.json has it.
 */

import { Tokenizer } from "tokenizers";

import { TOKEN_TYPE, type VocabularyData } from "../../src/text/tokenizer/types.ts";

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const AFTER_NUMBERS = " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

function splitBy(pattern: string): readonly object[] {
  return [
    { type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false },
    { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false },
  ];
}

/** GPT-2's expression is built into the library. */
const BYTE_LEVEL = { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: true };

/** By the name that GGUF files give them. */
const PRE_TOKENIZERS: Readonly<Record<string, readonly object[]>> = {
  "gpt-2": [BYTE_LEVEL],
  smollm: [{ type: "Digits", individual_digits: true }, BYTE_LEVEL],
  "llama-bpe": splitBy(`${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|${AFTER_NUMBERS}`),
  qwen2: splitBy(`${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|${AFTER_NUMBERS}`),
};

/** `data` is byte-level BPE with one of the pre-tokenisers above. */
export function huggingFaceTokenizer(data: VocabularyData): Tokenizer {
  const isAdded = (id: number): boolean => {
    const type = data.tokenTypes?.[id];
    return type === TOKEN_TYPE.control || type === TOKEN_TYPE.userDefined;
  };
  const added = data.tokens.flatMap((content, id) =>
    isAdded(id)
      ? [
          {
            id,
            content,
            single_word: false,
            lstrip: false,
            rstrip: false,
            normalized: false,
            special: data.tokenTypes?.[id] === TOKEN_TYPE.control,
          },
        ]
      : [],
  );
  const json = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: { type: "Sequence", pretokenizers: PRE_TOKENIZERS[data.pre] },
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: data.pre === "llama-bpe",
      vocab: Object.fromEntries(data.tokens.map((token, id) => [token, id])),
      merges: data.merges,
    },
  };
  return Tokenizer.fromString(JSON.stringify(json));
}

/** Ids without BOS or EOS; special tokens in the text are parsed. */
export async function huggingFaceIds(tokenizer: Tokenizer, text: string): Promise<readonly number[]> {
  const encoding = await tokenizer.encode(text, null, { addSpecialTokens: false });
  return encoding.getIds();
}
