/**
 * What masks need of a vocabulary, worked out once: two tenths of a second for 128k tokens. Plain arrays, so
 * that it can be kept on disk.
 */

import { at } from "../../../base/invariant.ts";
import { TOKEN_FLAG, type VocabularyBytes } from "../../tokenizer/types.ts";
import { textCharacters } from "./token-text.ts";
import { buildVocabularyTrie, sortedEntries, type VocabularyTrie } from "./vocabulary-trie.ts";

export interface PreparedVocabulary {
  /** All tokens of text, in the order of their bytes. */
  readonly order: Int32Array;
  /** By token: as textCharacters() counts them. */
  readonly characters: Uint8Array;
  /** Of the tokens that a JSON string takes whole, by length. */
  readonly texts: readonly VocabularyTrie[];
  /** Of the others, by length. */
  readonly others: readonly VocabularyTrie[];
}

/** Of all that this file makes and writes: a change of it makes what was kept unusable. */
export const PREPARED_REVISION = 1;
/** Bytes of the longest tokens of each trie but the last. */
const LENGTHS = [4, 8, 16, 32] as const;
/** Control and end tokens have no bytes of a text, whatever they are spelled like. */
const NOT_TEXT = TOKEN_FLAG.hidden | TOKEN_FLAG.control | TOKEN_FLAG.endOfGeneration;

export function prepareVocabulary(vocabulary: VocabularyBytes): PreparedVocabulary {
  const { offsets, flags } = vocabulary;
  const characters = textCharacters(vocabulary);
  const ids = Array.from(flags.keys()).filter(
    (id) => ((flags[id] ?? 0) & NOT_TEXT) === 0 && offsets[id + 1] !== offsets[id],
  );
  return {
    order: inOrder(vocabulary, ids),
    characters,
    texts: byLength(
      vocabulary,
      ids.filter((id) => characters[id] !== 0),
    ),
    others: byLength(
      vocabulary,
      ids.filter((id) => characters[id] === 0),
    ),
  };
}

function inOrder(vocabulary: VocabularyBytes, given: readonly number[]): Int32Array {
  const ids = Int32Array.from(given);
  const starts = Uint32Array.from(ids, (id) => vocabulary.offsets[id] ?? 0);
  return sortedEntries(vocabulary, { ids, starts }).map((place) => ids[place] ?? 0);
}

function byLength(vocabulary: VocabularyBytes, ids: readonly number[]): readonly VocabularyTrie[] {
  const { offsets } = vocabulary;
  const groups: number[][] = [...LENGTHS, Infinity].map(() => []);
  for (const id of ids) {
    const length = (offsets[id + 1] ?? 0) - (offsets[id] ?? 0);
    let group = 0;
    while (length > (LENGTHS[group] ?? Infinity)) group += 1;
    groups[group]?.push(id);
  }
  return groups
    .filter((group) => group.length > 0)
    .map((group) => buildVocabularyTrie(vocabulary, Int32Array.from(group)));
}

const ARRAY_ALIGNMENT = 4;
const ROOTS = 256;

/** Little-endian: the counts of everything, then the arrays, each from a multiple of 4 bytes on. */
export function encodePrepared({ order, characters, texts, others }: PreparedVocabulary): Uint8Array {
  const tries = [...texts, ...others];
  const counts = [order.length, characters.length, texts.length, others.length].concat(
    tries.flatMap(({ nodeCount, tokens, maxDepth }) => [nodeCount, tokens.length, maxDepth]),
  );
  const arrays: readonly ArrayBufferView[] = [
    Uint32Array.from(counts),
    order,
    characters,
    ...tries.flatMap((trie) => [trie.bytes, trie.depths, trie.skips, trie.roots, trie.tokens, trie.tokenStarts]),
  ];
  const sizes = arrays.map(({ byteLength }) => aligned(byteLength));
  const all = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
  let offset = 0;
  for (const [index, { buffer, byteOffset, byteLength }] of arrays.entries()) {
    all.set(new Uint8Array(buffer, byteOffset, byteLength), offset);
    offset += at(sizes, index);
  }
  return all;
}

const aligned = (bytes: number): number => Math.ceil(bytes / ARRAY_ALIGNMENT) * ARRAY_ALIGNMENT;

/** What `encodePrepared` made, unchanged; it shares the memory of `encoded`, whose offset is a multiple of 4. */
export function decodePrepared(encoded: Uint8Array): PreparedVocabulary {
  const reader = new ArrayReader(encoded);
  const [tokens = 0, characters = 0, texts = 0, others = 0] = reader.int32(4);
  const shapes = Array.from({ length: texts + others }, () => reader.int32(3));
  const order = reader.int32(tokens);
  const prepared = { order, characters: reader.uint8(characters) };
  const tries = shapes.map(([nodeCount = 0, entries = 0, maxDepth = 0]): VocabularyTrie => ({
    nodeCount,
    maxDepth,
    bytes: reader.uint8(nodeCount),
    depths: reader.uint16(nodeCount),
    skips: reader.int32(nodeCount),
    roots: reader.int32(ROOTS),
    tokens: reader.int32(entries),
    tokenStarts: reader.int32(nodeCount + 1),
  }));
  return { ...prepared, texts: tries.slice(0, texts), others: tries.slice(texts) };
}

/** Takes arrays one after another. */
class ArrayReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  uint8(length: number): Uint8Array {
    return new Uint8Array(this.#bytes.buffer, this.#take(length), length);
  }

  uint16(length: number): Uint16Array {
    return new Uint16Array(this.#bytes.buffer, this.#take(length * 2), length);
  }

  int32(length: number): Int32Array {
    return new Int32Array(this.#bytes.buffer, this.#take(length * 4), length);
  }

  #take(bytes: number): number {
    const start = this.#bytes.byteOffset + this.#offset;
    this.#offset += aligned(bytes);
    return start;
  }
}
