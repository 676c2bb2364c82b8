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

/** Elements that a pool is cut into; the block of the quantised types. */
const BLOCK_ELEMENTS = 32;
/** Primes; the smaller one where no tensor has more blocks. */
const POOL_BLOCKS = [4093, 131_071] as const;

export interface RandomTensors {
  /** Values of mean 0 and standard deviation `spread`; `elements` is a multiple of 32. */
  fill(type: GgmlType, elements: number, spread: number): () => Iterable<Uint8Array>;
}

/** `largestElements`: of the largest tensor, which decides the size of the pools. */
export function randomTensors(seed: number, largestElements: number): RandomTensors {
  const random = randomNumbers(seed);
  const [small, large] = POOL_BLOCKS;
  const poolBlocks = largestElements > small * BLOCK_ELEMENTS ? large : small;
  // A uniform number in -1..1 has a standard deviation of 1 / sqrt(3).
  const unit = Float32Array.from({ length: poolBlocks * BLOCK_ELEMENTS }, () => (2 * random() - 1) * Math.sqrt(3));
  const pools = new Map<string, Uint8Array>();
  const poolOf = (type: GgmlType, spread: number): Uint8Array => {
    const key = `${type} ${spread}`;
    const known = pools.get(key);
    if (known !== undefined) return known;
    const pool = encodeRows(
      GGML_TYPES[type].id,
      unit.map((value) => value * spread),
    );
    pools.set(key, pool);
    return pool;
  };
  return {
    fill(type, elements, spread) {
      const pool = poolOf(type, spread);
      const start = Math.floor(random() * poolBlocks);
      return () => cyclicPieces(pool, start * (pool.length / poolBlocks), elements * (pool.length / unit.length));
    },
  };
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
