/** Pseudo-random numbers for tests: the same on every run, from a seed. */

/** Numbers in [0, 1), by mulberry32. */
export function uniforms(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `count` numbers in [-scale, scale). */
export function randomFloats(seed: number, count: number, scale = 1): Float32Array {
  const next = uniforms(seed);
  const values = new Float32Array(count);
  for (let index = 0; index < count; index += 1) values[index] = (2 * next() - 1) * scale;
  return values;
}

/** `count` integers in [0, below). */
export function randomInts(seed: number, count: number, below: number): Int32Array {
  const next = uniforms(seed);
  return Int32Array.from({ length: count }, () => Math.floor(next() * below));
}
