/**
 * The tokens of a vocabulary as a trie over their bytes, to find all that begin at a place in a text.
 * Edges are in one hash table of typed arrays: 250,000 tokens take about 20 MB.
 */

import { at } from "../../base/invariant.ts";

export interface ByteTrie {
  /** The node below `node` (the root is 0) by `byte`, or -1. */
  child(node: number, byte: number): number;
  /** The token that ends at `node`, or -1. */
  token(node: number): number;
}

/** Of the ids for which `includes` holds; of equal tokens the first. Empty tokens are left out. */
export function buildByteTrie(bytes: Uint8Array, offsets: Uint32Array, includes: (id: number) => boolean): ByteTrie {
  // At most half full; each byte of a token adds at most one edge.
  const slotCount = 2 ** Math.ceil(Math.log2(Math.max(2, bytes.length * 2)));
  const mask = slotCount - 1;
  /** Node x 256 + byte, or -1; doubles, as a large vocabulary goes beyond 32 bits. */
  const keys = new Float64Array(slotCount).fill(-1);
  const children = new Int32Array(slotCount);
  const tokens = new Int32Array(bytes.length + 1).fill(-1);
  let nodes = 1;

  const slotOf = (node: number, byte: number): number => {
    const key = node * 256 + byte;
    const hash = Math.imul(node, 0x9e3779b1) ^ Math.imul(byte + 1, 0x85ebca6b);
    let slot = (hash ^ (hash >>> 15)) & mask;
    while (keys[slot] !== key && keys[slot] !== -1) slot = (slot + 1) & mask;
    return slot;
  };
  for (let id = 0; id + 1 < offsets.length; id += 1) {
    const end = at(offsets, id + 1);
    if (end === at(offsets, id) || !includes(id)) continue;
    let node = 0;
    for (let offset = at(offsets, id); offset < end; offset += 1) {
      const byte = at(bytes, offset);
      const slot = slotOf(node, byte);
      if (keys[slot] === -1) {
        keys[slot] = node * 256 + byte;
        children[slot] = nodes++;
      }
      node = at(children, slot);
    }
    if (tokens[node] === -1) tokens[node] = id;
  }
  return {
    child(node, byte) {
      const slot = slotOf(node, byte);
      return keys[slot] === -1 ? -1 : (children[slot] ?? -1);
    },
    token: (node) => tokens[node] ?? -1,
  };
}
