/** Small tokenizer.json files of every shape that is read, made from a few sentences. */

import { TOKEN_TYPE, type VocabularyData } from "../../src/text/tokenizer/types.ts";
import { trainedVocabulary } from "./trained-vocabulary.ts";

export type Json = Readonly<Record<string, unknown>>;

export const NONE = null;
export const sequence = (field: string, ...parts: readonly Json[]): Json => ({ type: "Sequence", [field]: parts });
export const split = (pattern: Json, behavior: string, invert = false): Json => ({
  type: "Split",
  pattern,
  behavior,
  invert,
});
export const byteLevel = (useRegex: boolean, prefix = false): Json => ({
  type: "ByteLevel",
  add_prefix_space: prefix,
  trim_offsets: false,
  use_regex: useRegex,
});
export const metaspace = (scheme: string, cut = true): Json => ({
  type: "Metaspace",
  replacement: "▁",
  prepend_scheme: scheme,
  split: cut,
});

const ADDED = { single_word: false, lstrip: false, rstrip: false, normalized: false };

/** A whole file; `parts` replaces any of its fields. */
export function tokenizerJson(model: Json, parts: Json = {}): Json {
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    model,
    ...parts,
  };
}

/** Byte-level BPE, trained; its added tokens come along. */
export function byteBpe(parts: Json = {}, merges: "text" | "pairs" = "text"): Json {
  const data = trainedVocabulary("gpt-2");
  const list = data.merges ?? [];
  const model = {
    type: "BPE",
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab: Object.fromEntries(data.tokens.map((token, id) => [token, id])),
    merges: merges === "text" ? list : list.map((merge) => merge.split(" ")),
  };
  return tokenizerJson(model, { added_tokens: addedTokens(data), decoder: byteLevel(false), ...parts });
}

function addedTokens(data: VocabularyData): readonly Json[] {
  return data.tokens.flatMap((content, id) => {
    const type = data.tokenTypes?.[id];
    if (type !== TOKEN_TYPE.control && type !== TOKEN_TYPE.userDefined) return [];
    return [{ id, content, ...ADDED, special: type === TOKEN_TYPE.control }];
  });
}

const WORDS = "▁the ▁quick ▁brown ▁fox the he er in ing ▁to ▁be ▁▁ ▁a ▁an an and ▁and qu ick sl ee ep 12 34".split(" ");
const LETTERS = Array.from("▁abcdefghijklmnopqrstuvwxyzABCHT.,!'0123456789éÄ中");
const BYTES = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);

/** BPE over characters. `bytes`: with byte tokens. */
export function characterBpe(bytes: boolean, fuse: boolean, parts: Json = {}): Json {
  const pieces = [
    ...new Set(["<unk>", "<s>", "</s>", ...(bytes ? BYTES : []), ...LETTERS, ...WORDS.flatMap(prefixes)]),
  ];
  const merges = pieces.flatMap((piece) => {
    const [last = ""] = Array.from(piece).slice(-1);
    const rest = piece.slice(0, piece.length - last.length);
    return rest !== "" && pieces.includes(rest) && pieces.includes(last) && !piece.startsWith("<")
      ? [`${rest} ${last}`]
      : [];
  });
  const model = {
    type: "BPE",
    dropout: null,
    unk_token: "<unk>",
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: fuse,
    byte_fallback: bytes,
    ignore_merges: false,
    vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
    merges,
  };
  return tokenizerJson(model, { added_tokens: controls(), decoder: markedDecoder(), ...parts });
}

/** "▁the" -> "▁t", "▁th", "▁the" */
function prefixes(word: string): readonly string[] {
  return Array.from(word, (_, index) => word.slice(0, index + 1)).slice(1);
}

function controls(): readonly Json[] {
  return ["<unk>", "<s>", "</s>"].map((content, id) => ({ id, content, ...ADDED, special: true }));
}

/** Llama 2's. */
export function markedDecoder(): Json {
  const parts = [
    { type: "Replace", pattern: { String: "▁" }, content: " " },
    { type: "ByteFallback" },
    { type: "Fuse" },
    { type: "Strip", content: " ", start: 1, stop: 0 },
  ];
  return { type: "Sequence", decoders: parts };
}

/** Llama 2's. */
export const LLAMA_NORMALIZER = sequence(
  "normalizers",
  { type: "Prepend", prepend: "▁" },
  { type: "Replace", pattern: { String: " " }, content: "▁" },
);

/** Pieces with scores of their own, longer ones better, so that no two ways to cut a word score the same. */
export function unigram(bytes: boolean, parts: Json = {}): Json {
  const pieces = [...new Set(["<unk>", "<s>", "</s>", ...(bytes ? BYTES : []), ...LETTERS, ...WORDS])].filter(
    (piece) => piece !== "▁▁",
  );
  const vocab = pieces.map((piece, id) => [piece, id < 3 ? 0 : -12 + Array.from(piece).length * 1.7 - id * 0.001037]);
  const model = { type: "Unigram", unk_id: 0, vocab, byte_fallback: bytes };
  return tokenizerJson(model, { added_tokens: controls(), decoder: metaspace("always"), ...parts });
}
