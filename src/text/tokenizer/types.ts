/**
 * What a tokeniser is made from and what it does. Plain data and interfaces only: nothing here reads
 * files. Token types and their meaning follow the GGUF specification.
 * Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */

import type { NormalizerStep } from "./normalizer.ts";
import type { SplitRule } from "./split-rules.ts";

/** `tokenizer.ggml.token_type`. */
export const TOKEN_TYPE = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** GGUF files have 32 bits, a tokenizer.json 64. */
export type VocabularyScores = Float32Array | Float64Array;

/**
 * "bpe": BPE over bytes with ranked merges; "spm": BPE over characters with scores or ranked merges;
 * "unigram": the tokens that together score highest.
 */
export type VocabularyKind = "bpe" | "spm" | "unigram";

/**
 * A vocabulary as its file gives it. Structured-clone safe. What is left undefined takes llama.cpp's
 * default for the kind; null says that the vocabulary has no such token.
 */
export interface VocabularyData {
  readonly kind: VocabularyKind;
  /** Name of the pre-tokeniser, `tokenizer.ggml.pre`, where `words` does not say more; only "bpe" uses it. */
  readonly pre: string;
  /** Stored form of each token, by id. */
  readonly tokens: readonly string[];
  /** By id; "unigram" needs them, and "spm" where it has no merges. */
  readonly scores?: VocabularyScores;
  /** By id, values of TOKEN_TYPE; absent: all normal. */
  readonly tokenTypes?: Int32Array;
  /** "left right" in stored form, best first; "bpe" needs them. */
  readonly merges?: readonly string[];
  readonly bosId?: number | null;
  readonly eosId?: number | null;
  readonly eotId?: number | null;
  readonly unkId?: number | null;
  readonly padId?: number | null;
  /** More ids that end an output. */
  readonly endIds?: readonly number[];
  readonly addBos?: boolean;
  readonly addEos?: boolean;
  /** Encode as if a space stood before the text and after each special token; by default so but for "bpe". */
  readonly addSpacePrefix?: boolean;
  /** What comes before all else, also before that space. */
  readonly normalizers?: readonly NormalizerStep[];
  /** How text is cut into words; absent: as `pre` says. */
  readonly words?: SplitRule;
  /** A word that is a token stays whole, whatever the merges say; with `words`. */
  readonly wholeWords?: boolean;
  /** Decoding a whole text takes away its first space; by default where encoding adds one. */
  readonly dropsFirstSpace?: boolean;
  /** Whether "<0x0A>" and its like stand for bytes that no token has; by default they do. */
  readonly byteFallback?: boolean;
  /** Whether a run of unknown characters is one unknown token; by default it is. */
  readonly fuseUnknown?: boolean;
  /** By id, bits of TOKEN_STRIP; absent: none. */
  readonly strips?: Uint8Array;
}

/** What a special token takes with it from the text around it. */
export const TOKEN_STRIP = { left: 1, right: 2 } as const;

/**
 * Bytes and flags of every token: all that turning ids into text needs, without merges or strings.
 * Structured-clone safe; the typed arrays can be transferred.
 */
export interface VocabularyBytes {
  /** Bytes of all tokens, one after another. */
  readonly bytes: Uint8Array;
  /** Token id is bytes[offsets[id] .. offsets[id + 1]); length vocabSize + 1. */
  readonly offsets: Uint32Array;
  /** By id, bits of TOKEN_FLAG. */
  readonly flags: Uint8Array;
  /** Decoding a whole text takes away its first space, which encoding put there. */
  readonly dropsFirstSpace: boolean;
  readonly endOfGenerationIds: readonly number[];
}

export const TOKEN_FLAG = {
  /** Renders as "" unless special tokens are asked for: control and unknown tokens. */
  hidden: 1,
  control: 2,
  /** The model says that its output ends here. */
  endOfGeneration: 4,
} as const;

export interface EncodeOptions {
  /** Add BOS and EOS where the model says so. A text that begins with BOS (most chat templates print it) gets no second. */
  readonly addSpecial: boolean;
  /** Text that spells a control token becomes that token. Text from an untrusted source is quoted before. */
  readonly parseSpecial: boolean;
  /** The token that the text goes on behind: none is where a text begins, which some vocabularies mark with a space. */
  readonly after?: number | undefined;
}

export interface DecodeOptions {
  /** Render control tokens by their text; by default they render as "". */
  readonly keepSpecial?: boolean;
}

/** Immutable to its users; safe to share, not reentrant across threads. */
export interface Tokenizer {
  readonly kind: VocabularyKind;
  readonly vocabSize: number;
  readonly bosId: number | null;
  readonly eosId: number | null;
  readonly eotId: number | null;
  readonly unkId: number | null;
  readonly padId: number | null;
  readonly addBos: boolean;
  readonly addEos: boolean;
  /** eos, eot and the well-known end tokens of chat models, ascending. */
  readonly endOfGenerationIds: readonly number[];
  /** What a detokeniser needs; may be sent to another thread. */
  readonly vocabulary: VocabularyBytes;
  /** Lone surrogates count as U+FFFD. Linear time up to a logarithm. */
  encode(text: string, options: EncodeOptions): Int32Array;
  /** As `text`, but that `encode` takes what spells control tokens for text, even with `parseSpecial`. */
  quote(text: string): string;
  /** The text of a whole sequence of ids; bytes that are not UTF-8 give U+FFFD. Throws `token_out_of_range`. */
  decode(ids: ArrayLike<number>, options?: DecodeOptions): string;
  /** The token's bytes, of a control token its text; a view not to be written to. Throws `token_out_of_range`. */
  pieceBytes(id: number): Uint8Array;
  /** Stored form, as in the vocabulary ("Ġthe", "▁the"). Throws `token_out_of_range`. */
  piece(id: number): string;
  isControl(id: number): boolean;
  /** Control or unknown: never part of the visible text. */
  isSpecial(id: number): boolean;
  isEndOfGeneration(id: number): boolean;
}
