/**
 * A vocabulary from a model file's `tokenizer.ggml.*` keys. The file's reader comes in through the few
 * methods that are needed, so that this layer knows no file format.
 * Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */

import { fail } from "../../base/errors.ts";
import type { NormalizerStep } from "./normalizer.ts";
import { preTokenizerOf } from "./pre-tokenizers.ts";
import { TOKEN_STRIP, TOKEN_TYPE, type VocabularyData, type VocabularyKind } from "./types.ts";

/** Undefined where a key is absent; throws where its value has another type. */
export interface VocabularyMetadata {
  getString(key: string): string;
  findString(key: string): string | undefined;
  findInt(key: string): number | undefined;
  findBool(key: string): boolean | undefined;
  getStringArray(key: string): readonly string[];
  findStringArray(key: string): readonly string[] | undefined;
  findInt32Array(key: string): Int32Array | undefined;
  findFloat32Array(key: string): Float32Array | undefined;
}

/** Throws `tokenizer_unsupported` for a `tokenizer.ggml.model` that no kind here runs. */
export function vocabularyFromMetadata(metadata: VocabularyMetadata): VocabularyData {
  const model = metadata.getString(key("model"));
  const pre = model === "gemma4" ? model : (metadata.findString(key("pre")) ?? "");
  const kind = kindOf(model, pre);
  const tokens = metadata.getStringArray(key("tokens"));
  const tokenTypes = metadata.findInt32Array(key("token_type"));
  return {
    kind,
    pre,
    tokens,
    ...given({
      scores: metadata.findFloat32Array(key("scores")),
      tokenTypes,
      // A SentencePiece file that has merges only repeats its scores.
      merges: model === "llama" ? undefined : metadata.findStringArray(key("merges")),
      bosId: metadata.findInt(key("bos_token_id")),
      eosId: metadata.findInt(key("eos_token_id")),
      eotId: metadata.findInt(key("eot_token_id")),
      unkId: metadata.findInt(key("unknown_token_id")),
      padId: metadata.findInt(key("padding_token_id")),
      addBos: metadata.findBool(key("add_bos_token")),
      addEos: metadata.findBool(key("add_eos_token")),
      addSpacePrefix: metadata.findBool(key("add_space_prefix")),
      normalizers: kind === "unigram" ? unigramNormalizers(metadata) : undefined,
      strips: isPhi3(metadata) ? phi3Strips(tokens, tokenTypes) : undefined,
    }),
    ...(kind === "spm" && model !== "llama" ? markedBpe(pre) : {}),
  };
}

/** BPE over characters in a file that calls itself GPT-2's; llama.cpp adds BOS whatever such a file says. */
function markedBpe(pre: string): Partial<VocabularyData> {
  return { words: preTokenizerOf(pre).rule, addBos: true, addSpacePrefix: false };
}

/** As SentencePiece has them: its table of replacements, then spaces. */
function unigramNormalizers(metadata: VocabularyMetadata): readonly NormalizerStep[] {
  const charsmap = metadata.findInt32Array(key("precompiled_charsmap"));
  const steps: NormalizerStep[] =
    charsmap === undefined ? [] : [{ kind: "charsmap", bytes: Uint8Array.from(charsmap) }];
  if (metadata.findBool(key("remove_extra_whitespaces")) === true) {
    steps.push(
      { kind: "replace-pattern", pattern: " +", by: " " },
      { kind: "replace-pattern", pattern: "^ | $", by: "" },
    );
  }
  return steps;
}

/** Phi-3's files do not say that most of its special tokens take the white space after them along. */
function isPhi3(metadata: VocabularyMetadata): boolean {
  return metadata.findString("general.architecture") === "phi3" && metadata.getString(key("model")) === "llama";
}

const PHI3_WITHOUT_STRIP: ReadonlySet<string> = new Set(["<unk>", "<s>", "<|endoftext|>"]);

function phi3Strips(tokens: readonly string[], tokenTypes: Int32Array | undefined): Uint8Array {
  return Uint8Array.from(tokens, (token, id) => {
    const isSpecial = tokenTypes?.[id] === TOKEN_TYPE.control || tokenTypes?.[id] === TOKEN_TYPE.userDefined;
    return isSpecial && !PHI3_WITHOUT_STRIP.has(token) ? TOKEN_STRIP.right : 0;
  });
}

function key(name: string): string {
  return `tokenizer.ggml.${name}`;
}

type Given<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** The fields that are there. */
function given<T extends object>(fields: T): Given<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<T>;
}

function kindOf(model: string, pre: string): VocabularyKind {
  switch (model) {
    case "gpt2":
    case "gemma4":
      return preTokenizerOf(pre).marked ? "spm" : "bpe";
    case "llama":
      return "spm";
    case "t5":
      return "unigram";
    default:
      return fail("tokenizer_unsupported", {
        what: `model ${JSON.stringify(model)}`,
        hint: "Supported: gpt2 (byte-level BPE), llama (SentencePiece BPE) and t5 (SentencePiece unigram).",
      });
  }
}
