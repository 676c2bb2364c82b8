/**
 * What the GGUF reader accepts at most. Counts are also checked against the bytes that are left, so
 * that a small file cannot ask for a large allocation; these limits bound the work of a large file.
 */

export interface GgufLimits {
  readonly keyBytes: number;
  readonly stringBytes: number;
  readonly metadataEntries: number;
  readonly arrayDepth: number;
  readonly nestedArrays: number;
  readonly tensors: number;
  readonly tensorNameBytes: number;
  readonly alignmentBytes: number;
  readonly headerBytes: number;
  readonly splitParts: number;
}

export const GGUF_LIMITS: GgufLimits = {
  /** The GGUF specification's own bound: 2^16 - 1. */
  keyBytes: 65_535,
  /** The longest strings in use are whole tokenizer.json files of 10 to 35 MB. */
  stringBytes: 64 * 2 ** 20,
  /** Real files have 20 to 60 keys. Each costs an object, so the count stays modest. */
  metadataEntries: 65_536,
  /** Real files nest at most 2 deep; reading recurses, so depth bounds the stack. */
  arrayDepth: 4,
  /** An inner array takes 12 bytes of the file but some 200 of the heap. */
  nestedArrays: 65_536,
  /** The largest models with one tensor per expert have about 60,000. */
  tensors: 131_072,
  /** ggml itself stores at most 63 bytes. */
  tensorNameBytes: 255,
  /** Files use 32, 64 or a page; more would only pad. */
  alignmentBytes: 2 ** 20,
  /**
   * A vocabulary of 262,144 tokens with merges takes 20 to 30 MB. The header is held in memory while
   * it is parsed, and offsets into it are 32-bit, so this must stay below 4 GiB.
   */
  headerBytes: 256 * 2 ** 20,
  /** Published splits have up to a few hundred parts; each one is an open file, mapped and guarded (NATIVE_LIMITS.mappedFiles). */
  splitParts: 1024,
};

/** ggml's tensors have four dimensions; not a setting, since `shape` is used with that in mind. */
export const MAX_DIMENSIONS = 4;
