/**
 * A vocabulary as the `tokenizer.ggml.*` keys that `from-metadata.ts` reads, for one that came from a
 * tokenizer.json. GGUF names a pre-tokeniser instead of describing it, and knows no normaliser of BPE:
 * what it cannot say is refused.
 */

import { fail } from "../../base/errors.ts";
import { unreachable } from "../../base/invariant.ts";
import { ggufValue } from "../../formats/gguf/value.ts";
import { preTokenizerNameOf } from "../../text/tokenizer/pre-tokenizers.ts";
import type { VocabularyData } from "../../text/tokenizer/types.ts";
import type { MetadataEntry } from "./spec-metadata.ts";

/** Throws `tokenizer_unsupported`. */
export function vocabularyMetadata(vocabulary: VocabularyData): readonly MetadataEntry[] {
  const { tokens, tokenTypes, endIds = [] } = vocabulary;
  const eosId = vocabulary.eosId ?? endIds[0] ?? null;
  // Of more end tokens, readers know the usual ones by their text.
  const eotId = vocabulary.eotId ?? endIds.find((id) => id !== eosId) ?? null;
  const ids = { bos: vocabulary.bosId, eos: eosId, eot: eotId, unknown: vocabulary.unkId, padding: vocabulary.padId };
  return [
    ...kindMetadata(vocabulary),
    [key("tokens"), ggufValue.strings(tokens)],
    ...(tokenTypes === undefined ? [] : [[key("token_type"), ggufValue.numbers("int32", tokenTypes)] as const]),
    ...Object.entries(ids).flatMap(([name, id]): readonly MetadataEntry[] =>
      id === null || id === undefined ? [] : [[key(`${name}_token_id`), ggufValue.uint32(id)]],
    ),
    [key("add_bos_token"), ggufValue.bool(vocabulary.addBos ?? false)],
    [key("add_eos_token"), ggufValue.bool(vocabulary.addEos ?? false)],
  ];
}

function kindMetadata(vocabulary: VocabularyData): readonly MetadataEntry[] {
  switch (vocabulary.kind) {
    case "bpe":
      return [
        [key("model"), ggufValue.string("gpt2")],
        [key("pre"), ggufValue.string(preTokenizerName(vocabulary))],
        [key("merges"), ggufValue.strings(vocabulary.merges ?? [])],
      ];
    case "spm":
      return [
        [key("model"), ggufValue.string("llama")],
        [key("pre"), ggufValue.string("default")],
        [key("scores"), ggufValue.numbers("float32", mergeScores(vocabulary))],
        [key("add_space_prefix"), ggufValue.bool(addsSpacePrefix(vocabulary))],
      ];
    case "unigram":
      return refuse("of kind unigram");
    default:
      return unreachable(vocabulary.kind);
  }
}

function preTokenizerName({ pre, words, wholeWords = false, normalizers = [] }: VocabularyData): string {
  // Qwen's NFC is left out of GGUF files by all who write them.
  const changing = normalizers.find((step) => step.kind !== "unicode" || step.form !== "NFC");
  if (changing !== undefined) return refuse(`with the normalizer ${changing.kind}`);
  if (words === undefined) return pre;
  return preTokenizerNameOf(words, wholeWords) ?? refuse("with a pre-tokenizer that has no name in GGUF");
}

/** Below that of every merged token. */
const UNMERGED_SCORE = -1e6;

/** SentencePiece merges by the score of what comes out; a list of merges says the same where each token's stand together. */
function mergeScores({ tokens, merges = [] }: VocabularyData): Float32Array {
  const rankOf = new Map<string, number>();
  let last = "";
  for (const [rank, merge] of merges.entries()) {
    const token = merge.replace(" ", "");
    if (!rankOf.has(token)) rankOf.set(token, rank);
    else if (token !== last) refuse(`with merges of ${JSON.stringify(token)} that stand apart`);
    last = token;
  }
  return Float32Array.from(tokens, (token) => -(rankOf.get(token) ?? -UNMERGED_SCORE));
}

/** Spaces are U+2581 in both; what else a normaliser does has no key. */
function addsSpacePrefix({ normalizers = [], words }: VocabularyData): boolean {
  const marks = normalizers.filter((step) => step.kind === "replace" && step.text === " " && step.by === "\u2581");
  const prefixes = normalizers.filter((step) => step.kind === "prepend" && step.text === "\u2581");
  const isPlain = marks.length === 1 && prefixes.length <= 1 && normalizers.length === marks.length + prefixes.length;
  if (!isPlain || words !== undefined) return refuse("of kind spm with other steps than Llama 2's");
  return prefixes.length === 1;
}

function refuse(what: string): never {
  return fail("tokenizer_unsupported", {
    what: `${what} in a GGUF file`,
    hint: "Write a directory instead: turnwise convert SOURCE FOLDER.",
  });
}

function key(name: string): string {
  return `tokenizer.ggml.${name}`;
}
