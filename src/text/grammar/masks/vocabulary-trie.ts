/**
 * Tokens as a trie over their bytes, laid out in the order of a depth-first walk: a node that leads
 * nowhere is passed over with all below it by one jump, and the tokens below a node lie side by side.
 */

import type { VocabularyBytes } from "../../tokenizer/types.ts";

export interface VocabularyTrie {
  readonly nodeCount: number;
  /** By node: the byte that leads to it. */
  readonly bytes: Uint8Array;
  /** By node: 0 for a first byte. */
  readonly depths: Uint16Array;
  /** By node: the first node that is not below it. */
  readonly skips: Int32Array;
  /** By first byte: its node, or -1. */
  readonly roots: Int32Array;
  /** In the order of their nodes. */
  readonly tokens: Int32Array;
  /** [nodeCount + 1] where a node's own tokens begin; they end where those of the next node begin. */
  readonly tokenStarts: Int32Array;
  /** Bytes of the longest path. */
  readonly maxDepth: number;
}

/** What goes into a trie: of each token the bytes from `starts` to its end, one byte at least. */
export interface TrieEntries {
  readonly ids: Int32Array;
  readonly starts: Uint32Array;
}

/** The whole bytes of the tokens `ids`. */
export function buildVocabularyTrie(vocabulary: VocabularyBytes, ids: Int32Array): VocabularyTrie {
  const starts = new Uint32Array(ids.length);
  for (let index = 0; index < ids.length; index += 1) starts[index] = vocabulary.offsets[ids[index] ?? 0] ?? 0;
  return buildTrie(vocabulary, { ids, starts });
}

export function buildTrie(vocabulary: VocabularyBytes, { ids, starts }: TrieEntries): VocabularyTrie {
  const { bytes, offsets } = vocabulary;
  const order = sortedEntries(vocabulary, { ids, starts });
  let capacity = 0;
  for (let index = 0; index < ids.length; index += 1) {
    capacity += (offsets[(ids[index] ?? 0) + 1] ?? 0) - (starts[index] ?? 0);
  }
  const nodeBytes = new Uint8Array(capacity);
  const depths = new Uint16Array(capacity);
  const skips = new Int32Array(capacity);
  const tokenStarts = new Int32Array(capacity + 1);
  const tokens = new Int32Array(ids.length);
  const roots = new Int32Array(256).fill(-1);
  /** Nodes from the root to the last one placed. */
  const path: number[] = [];
  let count = 0;
  let maxDepth = 0;
  for (let place = 0; place < order.length; place += 1) {
    const entry = order[place] ?? 0;
    const id = ids[entry] ?? 0;
    const start = starts[entry] ?? 0;
    const length = (offsets[id + 1] ?? 0) - start;
    let shared = 0;
    while (shared < length && shared < path.length && nodeBytes[path[shared] ?? 0] === bytes[start + shared])
      shared += 1;
    while (path.length > shared) skips[path.pop() ?? 0] = count;
    for (let depth = shared; depth < length; depth += 1) {
      const byte = bytes[start + depth] ?? 0;
      if (depth === 0) roots[byte] = count;
      nodeBytes[count] = byte;
      depths[count] = depth;
      tokenStarts[count] = place;
      path.push(count);
      count += 1;
    }
    tokens[place] = id;
    maxDepth = Math.max(maxDepth, length);
  }
  while (path.length > 0) skips[path.pop() ?? 0] = count;
  tokenStarts[count] = ids.length;
  return {
    nodeCount: count,
    bytes: nodeBytes.slice(0, count),
    depths: depths.slice(0, count),
    skips: skips.slice(0, count),
    roots,
    tokens,
    tokenStarts: tokenStarts.slice(0, count + 1),
    maxDepth,
  };
}

/** A byte, or the end of the token. */
const SYMBOLS = 257;

/** The entries in the order of their bytes, as indices. */
export function sortedEntries({ bytes, offsets }: VocabularyBytes, { ids, starts }: TrieEntries): Int32Array {
  const count = ids.length;
  // The first bytes and the entry as one number: sorting numbers needs no comparison function. Both fit
  // the 53 bits of a double.
  const headBytes = count < 2 ** 20 ? 4 : 2;
  const keys = new Float64Array(count);
  for (let index = 0; index < count; index += 1) {
    const start = starts[index] ?? 0;
    const end = offsets[(ids[index] ?? 0) + 1] ?? 0;
    let head = 0;
    for (let at = start; at < start + headBytes; at += 1) head = head * SYMBOLS + (at < end ? (bytes[at] ?? 0) + 1 : 0);
    keys[index] = head * count + index;
  }
  keys.sort();
  const order = new Int32Array(count);
  for (let place = 0; place < count; place += 1) order[place] = (keys[place] ?? 0) % count;
  const headAt = (place: number): number => Math.floor((keys[place] ?? 0) / count);
  const compareTails = (left: number, right: number): number => {
    let leftAt = (starts[left] ?? 0) + headBytes;
    let rightAt = (starts[right] ?? 0) + headBytes;
    const leftEnd = offsets[(ids[left] ?? 0) + 1] ?? 0;
    const rightEnd = offsets[(ids[right] ?? 0) + 1] ?? 0;
    while (leftAt < leftEnd && rightAt < rightEnd) {
      const difference = (bytes[leftAt++] ?? 0) - (bytes[rightAt++] ?? 0);
      if (difference !== 0) return difference;
    }
    return leftEnd - leftAt - (rightEnd - rightAt) || left - right;
  };
  for (let from = 0; from < count;) {
    const head = headAt(from);
    let to = from + 1;
    while (to < count && headAt(to) === head) to += 1;
    if (to > from + 1 && head % SYMBOLS !== 0) order.subarray(from, to).sort(compareTails);
    from = to;
  }
  return order;
}
