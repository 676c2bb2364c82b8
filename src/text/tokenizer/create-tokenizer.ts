/**
 * Puts a tokeniser together from a vocabulary: special tokens are cut off first, the text between them
 * goes through the model of its kind.
 */

import { fail } from "../../base/errors.ts";
import { unreachable } from "../../base/invariant.ts";
import { decodeTokens } from "../detokenizer.ts";
import { createBpe } from "./bpe.ts";
import { createNormalizer, type NormalizerStep } from "./normalizer.ts";
import { preTokenizerOf } from "./pre-tokenizers.ts";
import { resolveSpecialIds, type SpecialIds } from "./special-ids.ts";
import { createSpecialSplitter } from "./special-splitter.ts";
import { createSpm } from "./spm.ts";
import type { TextEncoding, TextPlace } from "./text-encoding.ts";
import { TokenBuffer } from "./token-buffer.ts";
import { TOKEN_FLAG, TOKEN_TYPE, type Tokenizer, type VocabularyBytes, type VocabularyData } from "./types.ts";
import { createUnigram } from "./unigram.ts";
import { wellFormed } from "./utf8-text.ts";
import { buildVocabularyBytes, hasSpacePrefix, hasTokenFlag, tokenBytes } from "./vocabulary-bytes.ts";

/** More tokens than any known vocabulary has (262,144); it bounds what a broken file makes us allocate. */
const MAX_VOCAB_SIZE = 2 ** 22;

/** Throws `tokenizer_invalid` and `tokenizer_unsupported`. */
export function createTokenizer(data: VocabularyData): Tokenizer {
  const vocabSize = data.tokens.length;
  if (vocabSize === 0 || vocabSize > MAX_VOCAB_SIZE) {
    fail("tokenizer_invalid", { problem: `It has ${vocabSize} tokens; 1 to ${MAX_VOCAB_SIZE} are possible.` });
  }
  const ids = resolveSpecialIds(data);
  const added = resolveAdded(data, ids);
  const vocabulary = buildVocabularyBytes(data);
  const splitter = createSpecialSplitter(data);
  const steps = normalizersOf(data);
  const normalize = createNormalizer(steps);
  const normalizeInside = createNormalizer(steps.filter(({ kind }) => kind !== "prepend"));
  const encoding = createEncoding(data, vocabulary, ids.unkId);
  return {
    kind: data.kind,
    vocabSize,
    ...ids,
    ...added,
    endOfGenerationIds: vocabulary.endOfGenerationIds,
    vocabulary,
    encode(text, { addSpecial, parseSpecial, after }) {
      const out = new TokenBuffer();
      const addedBos = addSpecial && added.addBos ? ids.bosId : null;
      if (addedBos !== null) out.push(addedBos);
      let place = placeAfter(after, data);
      const onText = (part: string): void => {
        encoding.encode(place === "inside" ? normalizeInside(part) : normalize(part), place, out);
        place = "after-token";
      };
      const onToken = (id: number): void => {
        const isSecondBos = id === addedBos && place === "start";
        if (!isSecondBos) out.push(id);
        place = "after-token";
      };
      splitter.split(wellFormed(text), parseSpecial, onText, onToken);
      if (addSpecial && added.addEos && ids.eosId !== null) out.push(ids.eosId);
      return out.take();
    },
    quote: (text) => splitter.quote(text),
    decode: (tokens, options) =>
      decodeTokens(vocabulary, tokens, { continuation: false, keepSpecial: options?.keepSpecial ?? false }),
    pieceBytes: (id) => tokenBytes(vocabulary, id),
    piece: (id) => data.tokens[id] ?? fail("token_out_of_range", { token: id, vocabSize }),
    isControl: (id) => hasTokenFlag(vocabulary, id, TOKEN_FLAG.control),
    isSpecial: (id) => hasTokenFlag(vocabulary, id, TOKEN_FLAG.hidden),
    isEndOfGeneration: (id) => hasTokenFlag(vocabulary, id, TOKEN_FLAG.endOfGeneration),
  };
}

function placeAfter(token: number | undefined, { tokenTypes }: VocabularyData): TextPlace {
  if (token === undefined) return "start";
  const type = tokenTypes?.[token] ?? TOKEN_TYPE.normal;
  return type === TOKEN_TYPE.normal || type === TOKEN_TYPE.byte ? "inside" : "after-token";
}

function createEncoding(data: VocabularyData, vocabulary: VocabularyBytes, unkId: number | null): TextEncoding {
  switch (data.kind) {
    case "bpe":
      return createBpe(data, vocabulary, unkId);
    case "spm":
      return createSpm(data, vocabulary, unkId);
    case "unigram":
      return createUnigram(data, vocabulary, unkId);
    default:
      return unreachable(data.kind);
  }
}

function normalizersOf(data: VocabularyData): readonly NormalizerStep[] {
  const steps = data.normalizers ?? [];
  return hasSpacePrefix(data) ? [...steps, { kind: "prepend", text: " " }] : steps;
}

type AddedSpecials = Pick<Tokenizer, "addBos" | "addEos">;

/** A file may ask for what it lacks; a default only counts where it is possible. */
function resolveAdded(data: VocabularyData, ids: SpecialIds): AddedSpecials {
  if (data.addBos === true && ids.bosId === null) missing("BOS");
  if (data.addEos === true && ids.eosId === null) missing("EOS");
  const addBos = data.addBos ?? addsBos(data);
  const addEos = data.addEos ?? data.kind === "unigram";
  return { addBos: addBos && ids.bosId !== null, addEos: addEos && ids.eosId !== null };
}

function addsBos({ kind, words, pre }: VocabularyData): boolean {
  if (kind === "bpe") return words === undefined && preTokenizerOf(pre).addBos;
  return kind === "spm";
}

function missing(name: string): never {
  return fail("tokenizer_invalid", { problem: `It wants a ${name} token before or after the text but has none.` });
}
