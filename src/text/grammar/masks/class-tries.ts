/**
 * Tries in which bytes that a lexeme does not tell apart are one: thousands of words become the few ways in
 * which letters, digits and signs follow each other, and are walked as these. To merge a trie costs about two
 * walks of it; so it is done for those lexemes that have cost as much.
 */

import type { BytePartitions } from "../regex/byte-partitions.ts";
import type { VocabularyTrie } from "./vocabulary-trie.ts";

/** Nodes walked with one partition, by nodes of the trie, after which the trie is merged. */
const WALKS_TO_MERGE = 2;

/** A byte, a depth, a jump and a place among the tokens. */
const NODE_BYTES = 11;

/** The tries of one vocabulary, as they are and by partition merged. */
export class ClassTries {
  readonly #partitions: BytePartitions;
  readonly #merged = new Map<number, (VocabularyTrie | undefined)[]>();
  readonly #walked = new Map<number, number[]>();
  /** Of memory, about. */
  bytes = 0;

  constructor(partitions: BytePartitions) {
    this.#partitions = partitions;
  }

  /** `trie`, number `index`, merged by `partition`; null where it has not been walked enough. */
  of(partition: number, index: number, trie: VocabularyTrie): VocabularyTrie | null {
    const known = this.#merged.get(partition)?.[index];
    if (known !== undefined) return known;
    if ((this.#walked.get(partition)?.[index] ?? 0) < WALKS_TO_MERGE * trie.nodeCount) return null;
    const merged = mergeTrie(trie, (byte) => this.#partitions.classOf(partition, byte));
    entriesOf(this.#merged, partition)[index] = merged;
    this.bytes += merged.nodeCount * NODE_BYTES + merged.tokens.byteLength;
    return merged;
  }

  clear(): void {
    this.#merged.clear();
    this.#walked.clear();
    this.bytes = 0;
  }

  /** `nodes` of trie `index` were walked with a state of `partition`. */
  note(partition: number, index: number, nodes: number): void {
    const walked = entriesOf(this.#walked, partition);
    walked[index] = (walked[index] ?? 0) + nodes;
  }
}

function entriesOf<T>(lists: Map<number, T[]>, key: number): T[] {
  const known = lists.get(key) ?? [];
  lists.set(key, known);
  return known;
}

/** `trie` with bytes of one class as one, for which the first of them stands. */
export function mergeTrie(trie: VocabularyTrie, classOf: (byte: number) => number): VocabularyTrie {
  const classes = Uint8Array.from({ length: 256 }, (_, byte) => classOf(byte));
  const bytes = new Uint8Array(trie.nodeCount);
  const depths = new Uint16Array(trie.nodeCount);
  const skips = new Int32Array(trie.nodeCount);
  const tokenStarts = new Int32Array(trie.nodeCount + 1);
  const tokens = new Int32Array(trie.tokens.length);
  let count = 0;
  let taken = 0;
  const place = (same: readonly number[], depth: number): number => {
    const node = count++;
    bytes[node] = trie.bytes[same[0] ?? 0] ?? 0;
    depths[node] = depth;
    tokenStarts[node] = taken;
    const below = new Map<number, number[]>();
    for (const from of same) {
      const own = trie.tokens.subarray(trie.tokenStarts[from], trie.tokenStarts[from + 1]);
      tokens.set(own, taken);
      taken += own.length;
      const end = trie.skips[from] ?? 0;
      for (let child = from + 1; child < end; child = trie.skips[child] ?? end) {
        entriesOf(below, classes[trie.bytes[child] ?? 0] ?? 0).push(child);
      }
    }
    for (const alike of below.values()) place(alike, depth + 1);
    skips[node] = count;
    return node;
  };
  const first = new Map<number, number[]>();
  for (const root of trie.roots) if (root >= 0) entriesOf(first, classes[trie.bytes[root] ?? 0] ?? 0).push(root);
  const roots = new Int32Array(256).fill(-1);
  for (const alike of first.values()) {
    const root = place(alike, 0);
    roots[bytes[root] ?? 0] = root;
  }
  tokenStarts[count] = taken;
  return {
    nodeCount: count,
    bytes: bytes.slice(0, count),
    depths: depths.slice(0, count),
    skips: skips.slice(0, count),
    roots,
    tokens,
    tokenStarts: tokenStarts.slice(0, count + 1),
    maxDepth: trie.maxDepth,
  };
}
