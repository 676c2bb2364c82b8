/**
 * A vocabulary's tokens as a trie over their bytes, laid out in the order of a depth-first walk: a node
 * that leads nowhere is passed over with all below it by one jump.
 */

import { at } from "../../../base/invariant.ts";
import { TOKEN_FLAG, type VocabularyBytes } from "../../tokenizer/types.ts";

export interface VocabularyTrie {
  readonly nodeCount: number;
  /** By node: the byte that leads to it. */
  readonly bytes: Uint8Array;
  /** By node: 0 for a first byte. */
  readonly depths: Uint16Array;
  /** By node: the first node that is not below it. */
  readonly skips: Int32Array;
  /** By node: the first token with exactly these bytes, or -1. */
  readonly tokens: Int32Array;
  /** By token: another with the same bytes, or -1. */
  readonly sameBytes: Int32Array;
  /** Bytes of the longest token. */
  readonly maxDepth: number;
}

/** Control and end tokens have no bytes of a text, whatever they are spelled like. */
const NOT_TEXT = TOKEN_FLAG.hidden | TOKEN_FLAG.control | TOKEN_FLAG.endOfGeneration;

/** The tokens of `minBytes` to `maxBytes`. */
export function buildVocabularyTrie(vocabulary: VocabularyBytes, minBytes: number, maxBytes: number): VocabularyTrie {
  const { bytes, offsets, flags } = vocabulary;
  const ids = textTokens(vocabulary, Math.max(1, minBytes), maxBytes);
  const starts = offsets;
  let capacity = 0;
  for (const id of ids) capacity += at(starts, id + 1) - at(starts, id);
  const nodeBytes = new Uint8Array(capacity);
  const depths = new Uint16Array(capacity);
  const skips = new Int32Array(capacity);
  const tokens = new Int32Array(capacity).fill(-1);
  const sameBytes = new Int32Array(flags.length).fill(-1);
  /** Nodes from the root to the last one added. */
  const path: number[] = [];
  let count = 0;
  let maxDepth = 0;
  for (const id of ids) {
    const start = at(starts, id);
    const length = at(starts, id + 1) - start;
    let shared = 0;
    while (shared < length && shared < path.length && nodeBytes[at(path, shared)] === bytes[start + shared])
      shared += 1;
    while (path.length > shared) skips[path.pop() ?? 0] = count;
    for (let depth = shared; depth < length; depth += 1) {
      nodeBytes[count] = bytes[start + depth] ?? 0;
      depths[count] = depth;
      path.push(count);
      count += 1;
    }
    const end = at(path, length - 1);
    sameBytes[id] = at(tokens, end);
    tokens[end] = id;
    maxDepth = Math.max(maxDepth, length);
  }
  while (path.length > 0) skips[path.pop() ?? 0] = count;
  return {
    nodeCount: count,
    bytes: nodeBytes.slice(0, count),
    depths: depths.slice(0, count),
    skips: skips.slice(0, count),
    tokens: tokens.slice(0, count),
    sameBytes,
    maxDepth,
  };
}

/** Ids in the order of their bytes. */
function textTokens({ bytes, offsets, flags }: VocabularyBytes, minBytes: number, maxBytes: number): Int32Array {
  const ids = new Int32Array(flags.length);
  let count = 0;
  for (const [id, flag] of flags.entries()) {
    const length = at(offsets, id + 1) - at(offsets, id);
    if ((flag & NOT_TEXT) === 0 && length >= minBytes && length <= maxBytes) ids[count++] = id;
  }
  // The first six bytes as one number decide most comparisons.
  const heads = Float64Array.from(flags, (_, id) => {
    const start = at(offsets, id);
    const end = at(offsets, id + 1);
    let head = 0;
    for (let index = start; index < start + 6; index += 1)
      head = head * 257 + (index < end ? (bytes[index] ?? 0) + 1 : 0);
    return head;
  });
  return ids.slice(0, count).toSorted((left, right) => {
    const byHead = (heads[left] ?? 0) - (heads[right] ?? 0);
    if (byHead !== 0) return byHead;
    const leftStart = offsets[left] ?? 0;
    const rightStart = offsets[right] ?? 0;
    const leftLength = (offsets[left + 1] ?? 0) - leftStart;
    const rightLength = (offsets[right + 1] ?? 0) - rightStart;
    for (let index = 6; index < Math.min(leftLength, rightLength); index += 1) {
      const difference = (bytes[leftStart + index] ?? 0) - (bytes[rightStart + index] ?? 0);
      if (difference !== 0) return difference;
    }
    return leftLength - rightLength || left - right;
  });
}
