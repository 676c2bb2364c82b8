/**
 * A vocabulary and a chat template from the files that Hugging Face's models come with: tokenizer.json,
 * and beside it tokenizer_config.json, generation_config.json and chat_template.jinja. Pure: bytes in,
 * data out. Added tokens are found in a text as it was given, also those that the file wants found after
 * normalising.
 * Source: https://huggingface.co/docs/tokenizers
 */

import { fail } from "../../../base/errors.ts";
import { TOKEN_TYPE, type VocabularyData } from "../types.ts";
import { readDecoder } from "./decoders.ts";
import {
  findArray,
  findObject,
  findString,
  getBool,
  getObject,
  invalid,
  type JsonObject,
  parseJsonObject,
  toId,
  toObject,
} from "./json-value.ts";
import { TOKENIZER_JSON_LIMITS } from "./limits.ts";
import { readNormalizers } from "./normalizers.ts";
import { readPostProcessor, type SurroundingIds } from "./post-processor.ts";
import { readPreTokenizer } from "./pre-tokenizers.ts";
import { readModel, type ReadModel } from "./read-model.ts";
import { buildTokenList, findSpecialText, type TokenList } from "./token-list.ts";

/** Contents of files; null or absent where a model has no such file. */
export interface TokenizerFiles {
  readonly tokenizer: Uint8Array;
  /** tokenizer_config.json */
  readonly config?: Uint8Array | null;
  /** generation_config.json, for the ids that end an output. */
  readonly generationConfig?: Uint8Array | null;
  /** chat_template.jinja, which goes before the template in `config`. */
  readonly chatTemplate?: string | null;
  /** Rows of the model's embedding: a token for each, and none beyond. */
  readonly vocabSize?: number;
}

export interface ReadTokenizer {
  readonly vocabulary: VocabularyData;
  readonly chatTemplate: string | null;
}

/** Throws `tokenizer_invalid`, and `tokenizer_unsupported` naming the component that is not known. */
export function readTokenizerFiles(files: TokenizerFiles): ReadTokenizer {
  const { configBytes, fileBytes } = TOKENIZER_JSON_LIMITS;
  const root = parseJsonObject(files.tokenizer, "tokenizer.json", fileBytes);
  const config = files.config ? parseJsonObject(files.config, "tokenizer_config.json", configBytes) : null;
  const generation = files.generationConfig
    ? parseJsonObject(files.generationConfig, "generation_config.json", configBytes)
    : null;
  return {
    vocabulary: readVocabulary(root, config, generation, files.vocabSize ?? null),
    chatTemplate: files.chatTemplate ?? (config === null ? null : findChatTemplate(config)),
  };
}

function readVocabulary(
  root: JsonObject,
  config: JsonObject | null,
  generation: JsonObject | null,
  vocabSize: number | null,
): VocabularyData {
  const model = readModel(getObject(root, "model"));
  const normalizers = readNormalizers(findObject(root, "normalizer"));
  const { rule, byteLevel } = readPreTokenizer(findObject(root, "pre_tokenizer"));
  const decoder = readDecoder(findObject(root, "decoder"));
  const list = buildTokenList(model.pieces, root, config, vocabSize);
  const isByteLevel = model.kind === "bpe" && (byteLevel || decoder.byteLevel);
  markSpecialPieces(list, model, isByteLevel);
  const words = rule ?? (isByteLevel ? ({ kind: "stages", stages: [] } as const) : null);
  return {
    kind: model.kind === "unigram" ? "unigram" : isByteLevel ? "bpe" : "spm",
    pre: "",
    tokens: list.tokens,
    tokenTypes: list.tokenTypes,
    strips: list.strips,
    addSpacePrefix: false,
    normalizers,
    ...(words === null ? {} : { words }),
    dropsFirstSpace: decoder.dropsFirstSpace,
    ...model.data,
    ...(model.data.scores === undefined ? {} : { scores: padded(model.data.scores, list.tokens.length) }),
    unkId: model.unkId,
    padId: findSpecialId(list, config, "pad_token"),
    eotId: null,
    endIds: generation === null ? [] : findEndIds(generation),
    ...findSurrounding(readPostProcessor(findObject(root, "post_processor")), list, config),
  };
}

/** Byte tokens and the unknown token, which the file keeps among the others. */
function markSpecialPieces(list: TokenList, model: ReadModel, isByteLevel: boolean): void {
  if (model.byteFallback) {
    for (const [id, token] of list.tokens.entries()) {
      if (/^<0x[0-9A-F]{2}>$/.test(token)) list.tokenTypes[id] = TOKEN_TYPE.byte;
    }
  }
  // GPT-2's unknown token is a control token too, and never comes out of text.
  const { unkId } = model;
  if (unkId !== null && unkId < list.tokens.length && !isByteLevel) list.tokenTypes[unkId] = TOKEN_TYPE.unknown;
}

function padded(scores: ArrayLike<number>, size: number): Float64Array {
  const all = new Float64Array(size);
  all.set(Array.from(scores).slice(0, size));
  return all;
}

type Surrounding = Pick<VocabularyData, "bosId" | "eosId" | "addBos" | "addEos">;

/** tokenizer_config.json goes before the post-processor, as in transformers. */
function findSurrounding(ids: SurroundingIds | null, list: TokenList, config: JsonObject | null): Surrounding {
  for (const side of [ids?.before ?? [], ids?.after ?? []]) {
    if (side.length > 1) {
      fail("tokenizer_unsupported", {
        what: `post-processor with ${side.length} special tokens on one side`,
        hint: "One before and one after the text are supported.",
      });
    }
  }
  const bosId = ids?.before[0] ?? findSpecialId(list, config, "bos_token");
  const eosId = ids?.after[0] ?? findSpecialId(list, config, "eos_token");
  const asked = (name: string, byDefault: boolean): boolean =>
    config === null ? byDefault : getBool(config, name, byDefault);
  return {
    bosId,
    eosId,
    addBos: asked("add_bos_token", (ids?.before.length ?? 0) > 0) && bosId !== null,
    addEos: asked("add_eos_token", (ids?.after.length ?? 0) > 0) && eosId !== null,
  };
}

function findSpecialId(list: TokenList, config: JsonObject | null, name: string): number | null {
  const text = config === null ? null : findSpecialText(config, name);
  return text === null ? null : list.idOf(text);
}

/** One id or several. */
function findEndIds(generation: JsonObject): readonly number[] {
  const value = generation.fields["eos_token_id"];
  const ids = Array.isArray(value) ? (value as readonly unknown[]) : [value];
  return ids.filter((id) => id !== undefined && id !== null).map((id) => toId(id, `${generation.at}: eos_token_id`));
}

/** One template, or several by name, of which the default one is taken. */
function findChatTemplate(config: JsonObject): string | null {
  if (!Array.isArray(config.fields["chat_template"])) return findString(config, "chat_template");
  const templates = (findArray(config, "chat_template") ?? []).map((value) =>
    toObject(value, `${config.at}: chat_template`),
  );
  const chosen = templates.find((template) => template.fields["name"] === "default") ?? templates[0];
  return chosen === undefined ? invalid(`${config.at}: chat_template`, "it is empty") : findString(chosen, "template");
}
