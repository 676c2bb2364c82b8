/**
 * Deterministic random tensors of any size, fast: a pool of encoded blocks is made once for each spread
 * of values and then copied in order from a start that differs from tensor to tensor. The pool's length
 * is prime, so rows of one matrix do not repeat where it has fewer of them.
 */

import { GGML_TYPES, type GgmlType } from "../../formats/gguf/ggml-types.ts";
import { encodeRows } from "../../formats/quant/rows.ts";

const STATE_STEP = 0x6d2b79f5;

/** Numbers in [0, 1), in an order that the seed decides, from the `skipped`-th on. Mulberry32 by Tommy Ettinger. */
export function randomNumbers(seed: number, skipped = 0): () => number {
  let state = (seed + Math.imul(skipped, STATE_STEP)) >>> 0;
  return () => {
    state = (state + STATE_STEP) >>> 0;
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

/**
 * `largestElements`: of the largest tensor, which the pools hold whole if they can. They are made when the
 * first bytes are asked for, so that names and sizes alone cost nothing.
 */
export function randomTensors(seed: number, largestElements: number): RandomTensors {
  const poolBlocks = POOLS.find((blocks) => largestElements <= 32 * blocks[32]) ?? LARGEST_POOL;
  const poolElements = 32 * poolBlocks[32];
  const starts = randomNumbers(seed, poolElements);
  const pools = new Map<string, Uint8Array>();
  let unit: Float32Array | undefined;
  const poolOf = (type: GgmlType, spread: number): Uint8Array => {
    const key = `${type} ${spread}`;
    const known = pools.get(key);
    if (known !== undefined) return known;
    unit ??= unitNumbers(seed, poolElements);
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
      const blockElements = blockElementsOf(type);
      const blocks = poolBlocks[blockElements];
      const start = Math.floor(starts() * blocks);
      return () => {
        const pool = poolOf(type, spread);
        const blockBytes = pool.length / blocks;
        return cyclicPieces(pool, start * blockBytes, (elements / blockElements) * blockBytes);
      };
    },
  };
}

/** Types without blocks are cut as those with blocks of 32. */
function blockElementsOf(type: GgmlType): 32 | 256 {
  return GGML_TYPES[type].blockElements === 256 ? 256 : 32;
}

/** Uniform in -sqrt(3)..sqrt(3), which has a standard deviation of 1. */
function unitNumbers(seed: number, count: number): Float32Array {
  const random = randomNumbers(seed);
  const numbers = new Float32Array(count);
  for (let index = 0; index < count; index += 1) numbers[index] = (2 * random() - 1) * Math.sqrt(3);
  return numbers;
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
