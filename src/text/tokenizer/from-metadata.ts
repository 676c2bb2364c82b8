/**
 * A vocabulary from a model file's `tokenizer.ggml.*` keys. The file's reader comes in through the few
 * methods that are needed, so that this layer knows no file format.
 * Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */

import { fail } from "../../base/errors.ts";
import type { VocabularyData } from "./types.ts";

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

/** Throws `tokenizer_unsupported` for a `tokenizer.ggml.model` that is neither "gpt2" nor "llama". */
export function vocabularyFromMetadata(metadata: VocabularyMetadata): VocabularyData {
  const scores = metadata.findFloat32Array(key("scores"));
  const tokenTypes = metadata.findInt32Array(key("token_type"));
  const merges = metadata.findStringArray(key("merges"));
  const ids = {
    bosId: metadata.findInt(key("bos_token_id")),
    eosId: metadata.findInt(key("eos_token_id")),
    eotId: metadata.findInt(key("eot_token_id")),
    unkId: metadata.findInt(key("unknown_token_id")),
    padId: metadata.findInt(key("padding_token_id")),
  };
  const flags = {
    addBos: metadata.findBool(key("add_bos_token")),
    addEos: metadata.findBool(key("add_eos_token")),
    addSpacePrefix: metadata.findBool(key("add_space_prefix")),
  };
  return {
    kind: kindOf(metadata.getString(key("model"))),
    pre: metadata.findString(key("pre")) ?? "",
    tokens: metadata.getStringArray(key("tokens")),
    ...given({ scores, tokenTypes, merges, ...ids, ...flags }),
  };
}

function key(name: string): string {
  return `tokenizer.ggml.${name}`;
}

type Given<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** The fields that are there. */
function given<T extends object>(fields: T): Given<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<T>;
}

function kindOf(model: string): VocabularyData["kind"] {
  switch (model) {
    case "gpt2":
      return "bpe";
    case "llama":
      return "spm";
    default:
      return fail("tokenizer_unsupported", {
        what: `model ${JSON.stringify(model)}`,
        hint: "Supported: gpt2 (byte-level BPE) and llama (SentencePiece BPE).",
      });
  }
}
