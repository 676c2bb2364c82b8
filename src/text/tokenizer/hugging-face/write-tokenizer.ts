/**
 * A vocabulary as the files that `read-tokenizer.ts` and Hugging Face's `tokenizers` and `transformers` read. Byte-level
 * BPE alone: of other kinds GGUF files say less than a tokenizer.json must.
 * Source: https://huggingface.co/docs/tokenizers
 */

import { fail } from "../../../base/errors.ts";
import { createTokenizer } from "../create-tokenizer.ts";
import { stagesOf } from "../pre-patterns.ts";
import { preTokenizerOf } from "../pre-tokenizers.ts";
import type { SplitStage } from "../split-rules.ts";
import { TOKEN_STRIP, TOKEN_TYPE, type Tokenizer, type VocabularyData } from "../types.ts";

/** The contents of a directory's JSON files by their names. Throws `tokenizer_unsupported`, and `tokenizer_invalid`. */
export function tokenizerFiles(
  vocabulary: VocabularyData,
  chatTemplate: string | null,
): Readonly<Record<"tokenizer.json" | "tokenizer_config.json" | "generation_config.json", object>> {
  const { kind, normalizers = [], addSpacePrefix = false } = vocabulary;
  if (kind !== "bpe") refuse(`of kind ${kind}`);
  if (normalizers.length > 0 || addSpacePrefix) refuse("that changes text before it is cut");
  const tokenizer = createTokenizer(vocabulary);
  const { bosId, endOfGenerationIds } = tokenizer;
  return {
    "tokenizer.json": tokenizerJson(vocabulary, tokenizer),
    "tokenizer_config.json": {
      tokenizer_class: "PreTrainedTokenizerFast",
      clean_up_tokenization_spaces: false,
      ...specialTokens(tokenizer),
      add_bos_token: tokenizer.addBos,
      add_eos_token: tokenizer.addEos,
      ...(chatTemplate === null ? {} : { chat_template: chatTemplate }),
    },
    "generation_config.json": {
      ...(bosId === null ? {} : { bos_token_id: bosId }),
      eos_token_id: endOfGenerationIds,
    },
  };
}

function tokenizerJson(vocabulary: VocabularyData, tokenizer: Tokenizer): object {
  const { pre, tokens, merges = [] } = vocabulary;
  const { rule, wholeWords } =
    vocabulary.words === undefined
      ? preTokenizerOf(pre)
      : { rule: vocabulary.words, wholeWords: vocabulary.wholeWords ?? false };
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: false, use_regex: false };
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: addedTokens(vocabulary),
    normalizer: null,
    pre_tokenizer: { type: "Sequence", pretokenizers: [...stagesOf(rule).map(splitOf), byteLevel] },
    post_processor: surroundingTokens(tokenizer),
    decoder: byteLevel,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: wholeWords,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  };
}

/** Tokens that are found in text whatever the merges say. */
function addedTokens({ tokens, tokenTypes, strips }: VocabularyData): readonly object[] {
  return tokens.flatMap((content, id) => {
    const type = tokenTypes?.[id];
    if (type !== TOKEN_TYPE.control && type !== TOKEN_TYPE.userDefined) return [];
    const strip = strips?.[id] ?? 0;
    return [
      {
        id,
        content,
        single_word: false,
        lstrip: (strip & TOKEN_STRIP.left) !== 0,
        rstrip: (strip & TOKEN_STRIP.right) !== 0,
        normalized: false,
        special: type === TOKEN_TYPE.control,
      },
    ];
  });
}

function splitOf(stage: SplitStage): object {
  if (stage.kind !== "pattern" || stage.behavior !== "isolated") return refuse("with words cut by more than patterns");
  return { type: "Split", pattern: { Regex: stage.pattern }, behavior: "Isolated", invert: false };
}

function specialTokens(tokenizer: Tokenizer): Readonly<Record<string, string>> {
  const { bosId, eosId, unkId, padId } = tokenizer;
  const ids = { bos_token: bosId, eos_token: eosId, unk_token: unkId, pad_token: padId };
  return Object.fromEntries(
    Object.entries(ids).flatMap(([name, id]) => (id === null ? [] : [[name, tokenizer.piece(id)]])),
  );
}

/** What goes before and after a text; null for nothing. */
function surroundingTokens(tokenizer: Tokenizer): object | null {
  const { bosId, eosId, addBos, addEos } = tokenizer;
  const piece = (id: number): string => tokenizer.piece(id);
  const before = addBos && bosId !== null ? [bosId] : [];
  const after = addEos && eosId !== null ? [eosId] : [];
  if (before.length + after.length === 0) return null;
  const around = (sequence: "A" | "B", type: 0 | 1): readonly object[] => {
    const special = (id: number): object => ({ SpecialToken: { id: piece(id), type_id: type } });
    return [...before.map(special), { Sequence: { id: sequence, type_id: type } }, ...after.map(special)];
  };
  return {
    type: "TemplateProcessing",
    single: around("A", 0),
    pair: [...around("A", 0), ...around("B", 1)],
    special_tokens: Object.fromEntries(
      [...before, ...after].map((id) => [piece(id), { id: piece(id), ids: [id], tokens: [piece(id)] }]),
    ),
  };
}

function refuse(what: string): never {
  return fail("tokenizer_unsupported", {
    what: `${what} in a tokenizer.json`,
    hint: "Write a GGUF file instead: turnwise convert SOURCE FILE.gguf.",
  });
}
