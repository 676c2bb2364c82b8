/**
 * Finds the token with given bytes: open addressing over the vocabulary's own bytes, so that no string
 * is made for a lookup.
 */

import { at } from "../../base/invariant.ts";

export interface ByteIndex {
  /** The lowest id whose token is bytes[start .. start + length), or -1. `hash` is hashBytes of them. */
  find(bytes: Uint8Array, start: number, length: number, hash: number): number;
}

/** FNV-1a with a last mixing step, as the table's slots are the lowest bits. */
export function hashBytes(bytes: Uint8Array, start: number, length: number): number {
  let hash = 0x811c9dc5;
  for (let index = start; index < start + length; index += 1) hash = Math.imul(hash ^ (bytes[index] ?? 0), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/**
 * Indexes the ids for which `includes` holds and that have at least one byte. Token id is
 * bytes[offsets[id] .. offsets[id + 1]); both arrays stay in use and must not change.
 */
export function buildByteIndex(bytes: Uint8Array, offsets: Uint32Array, includes: (id: number) => boolean): ByteIndex {
  const count = offsets.length - 1;
  // At most half full, so that a miss ends after a few slots.
  const slotCount = 2 ** Math.ceil(Math.log2(Math.max(2, count * 2)));
  const mask = slotCount - 1;
  /** Id + 1; 0 is empty. */
  const slots = new Int32Array(slotCount);
  const hashes = new Uint32Array(slotCount);

  const equals = (id: number, key: Uint8Array, keyStart: number, length: number): boolean => {
    const start = offsets[id] ?? 0;
    if ((offsets[id + 1] ?? 0) - start !== length) return false;
    for (let index = 0; index < length; index += 1) {
      if (bytes[start + index] !== key[keyStart + index]) return false;
    }
    return true;
  };
  const find = (key: Uint8Array, start: number, length: number, hash: number): number => {
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const id = (slots[slot] ?? 0) - 1;
      if (id < 0) return -1;
      if (hashes[slot] === hash && equals(id, key, start, length)) return id;
    }
  };
  for (let id = 0; id < count; id += 1) {
    const start = at(offsets, id);
    const length = at(offsets, id + 1) - start;
    if (length === 0 || !includes(id)) continue;
    const hash = hashBytes(bytes, start, length);
    if (find(bytes, start, length, hash) >= 0) continue;
    let slot = hash & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = id + 1;
    hashes[slot] = hash;
  }
  return { find };
}
