/**
 * What a tokeniser is made from and what it does. Plain data and interfaces only: nothing here reads
 * files. Token types and their meaning follow the GGUF specification.
 * Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */

/** `tokenizer.ggml.token_type`. */
export const TOKEN_TYPE = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/**
 * A vocabulary as its file gives it. Structured-clone safe. What is left undefined takes llama.cpp's
 * default for the kind; null says that the vocabulary has no such token.
 */
export interface VocabularyData {
  /** "bpe": byte-level BPE with ranked merges; "spm": SentencePiece BPE with scores. */
  readonly kind: "bpe" | "spm";
  /** Name of the pre-tokeniser, `tokenizer.ggml.pre`; not used by "spm". */
  readonly pre: string;
  /** Stored form of each token, by id. */
  readonly tokens: readonly string[];
  /** By id; "spm" needs them. */
  readonly scores?: Float32Array;
  /** By id, values of TOKEN_TYPE; absent: all normal. */
  readonly tokenTypes?: Int32Array;
  /** "left right" in stored form, best first; "bpe" needs them. */
  readonly merges?: readonly string[];
  readonly bosId?: number | null;
  readonly eosId?: number | null;
  readonly eotId?: number | null;
  readonly unkId?: number | null;
  readonly padId?: number | null;
  readonly addBos?: boolean;
  readonly addEos?: boolean;
  /** Encode as if a space stood before the text and after each special token; "spm" only. */
  readonly addSpacePrefix?: boolean;
}

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
  /** Encoding puts a space before the text, so decoding a whole text takes it away. */
  readonly spacePrefix: boolean;
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
  /** Text that spells a control token becomes that token. Never for text from an untrusted source. */
  readonly parseSpecial: boolean;
}

export interface DecodeOptions {
  /** Render control tokens by their text; by default they render as "". */
  readonly keepSpecial?: boolean;
}

/** Immutable to its users; safe to share, not reentrant across threads. */
export interface Tokenizer {
  readonly kind: "bpe" | "spm";
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
