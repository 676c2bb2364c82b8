/**
 * Deterministic random tensors of any size, fast: a pool of encoded blocks is made once for each spread
 * of values and then copied in order from a start that differs from tensor to tensor. The pool's length
 * is prime, so rows of one matrix do not repeat where it has fewer of them.
 */

import { GGML_TYPES, type GgmlType } from "../../formats/gguf/ggml-types.ts";
import { encodeRows } from "../../formats/quant/rows.ts";

/** Numbers in [0, 1), in an order that the seed decides. Mulberry32 by Tommy Ettinger. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Sizes of pools. Primes: blocks, by the elements of a block. */
const POOLS = [
  { 32: 4093, 256: 509 },
  { 32: 16_381, 256: 2039 },
  { 32: 131_071, 256: 16_381 },
] as const;
const LARGEST_POOL = POOLS[2];

export interface RandomTensors {
  /** Values of mean 0 and standard deviation `spread`; `elements` is a whole number of blocks, and of 32. */
  fill(type: GgmlType, elements: number, spread: number): () => Iterable<Uint8Array>;
}

/** `largestElements`: of the largest tensor, which the pools hold whole if they can. */
export function randomTensors(seed: number, largestElements: number): RandomTensors {
  const random = randomNumbers(seed);
  const poolBlocks = POOLS.find((blocks) => largestElements <= 32 * blocks[32]) ?? LARGEST_POOL;
  // A uniform number in -1..1 has a standard deviation of 1 / sqrt(3).
  const unit = Float32Array.from({ length: 32 * poolBlocks[32] }, () => (2 * random() - 1) * Math.sqrt(3));
  const pools = new Map<string, Uint8Array>();
  const poolOf = (type: GgmlType, spread: number): Uint8Array => {
    const key = `${type} ${spread}`;
    const known = pools.get(key);
    if (known !== undefined) return known;
    const blockElements = blockElementsOf(type);
    const values = unit.subarray(0, poolBlocks[blockElements] * blockElements);
    const pool = encodeRows(
      GGML_TYPES[type].id,
      values.map((value) => value * spread),
    );
    pools.set(key, pool);
    return pool;
  };
  return {
    fill(type, elements, spread) {
      const pool = poolOf(type, spread);
      const blockElements = blockElementsOf(type);
      const blocks = poolBlocks[blockElements];
      const blockBytes = pool.length / blocks;
      const start = Math.floor(random() * blocks);
      return () => cyclicPieces(pool, start * blockBytes, (elements / blockElements) * blockBytes);
    },
  };
}

/** Types without blocks are cut as those with blocks of 32. */
function blockElementsOf(type: GgmlType): 32 | 256 {
  return GGML_TYPES[type].blockElements === 256 ? 256 : 32;
}

/** `length` bytes of the pool, repeated as often as needed, from `start` on. */
function* cyclicPieces(pool: Uint8Array, start: number, length: number): Generator<Uint8Array> {
  let offset = start;
  for (let left = length; left > 0;) {
    const piece = pool.subarray(offset, Math.min(pool.length, offset + left));
    yield piece;
    left -= piece.length;
    offset = 0;
  }
}
