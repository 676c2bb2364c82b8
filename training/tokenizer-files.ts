/** A tokeniser as Hugging Face's files: tokenizer.json, tokenizer_config.json, generation_config.json. */

import { PATTERNS } from "../src/text/tokenizer/pre-patterns.ts";
import type { TrainedVocabulary } from "./build-vocabulary.ts";

export const BEGIN = "<|begin_of_text|>";
export const END_OF_TEXT = "<|end_of_text|>";
export const START_HEADER = "<|start_header_id|>";
export const END_HEADER = "<|end_header_id|>";
export const END_OF_TURN = "<|eot_id|>";

const CONTROL = [BEGIN, END_OF_TEXT, START_HEADER, END_HEADER, END_OF_TURN];
/** Tokens of the text: grammars and clients see them. */
const MARKS = ["<tool_call>", "</tool_call>"];

export const SPECIAL_COUNT = CONTROL.length + MARKS.length;

/** File names and their JSON values. */
export function tokenizerFiles(
  { tokens, merges }: TrainedVocabulary,
  chatTemplate: string,
): Readonly<Record<string, unknown>> {
  const added = [...CONTROL, ...MARKS].map((content, index) => ({
    id: tokens.length + index,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: CONTROL.includes(content),
  }));
  const idOf = (content: string): number => tokens.length + CONTROL.indexOf(content);
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false };
  return {
    "tokenizer.json": {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: added,
      normalizer: null,
      pre_tokenizer: {
        type: "Sequence",
        pretokenizers: [
          { type: "Split", pattern: { Regex: PATTERNS.qwen2 }, behavior: "Isolated", invert: false },
          byteLevel,
        ],
      },
      post_processor: byteLevel,
      decoder: byteLevel,
      model: {
        type: "BPE",
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: false,
        vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
        merges,
      },
    },
    "tokenizer_config.json": {
      tokenizer_class: "PreTrainedTokenizerFast",
      add_bos_token: false,
      add_eos_token: false,
      bos_token: BEGIN,
      eos_token: END_OF_TURN,
      clean_up_tokenization_spaces: false,
      model_max_length: 4096,
      added_tokens_decoder: Object.fromEntries(added.map(({ id, ...rest }) => [String(id), rest])),
      chat_template: chatTemplate,
    },
    "generation_config.json": { bos_token_id: idOf(BEGIN), eos_token_id: [idOf(END_OF_TURN), idOf(END_OF_TEXT)] },
  };
}
