/** Seeded random numbers for workloads and generated texts: the same key gives the same ones on any machine. */

import { createHash } from "node:crypto";

/** A generator of uniform numbers in [0, 1): mulberry32, seeded by the hash of a text. */
export function createRandom(key: string): () => number {
  let state = createHash("sha256").update(key).digest().readUInt32LE(0);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
