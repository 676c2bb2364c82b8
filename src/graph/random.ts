/**
 * The random number behind a sampled token. It depends on the request's seed and the token's position
 * and on nothing else, so a request draws the same tokens in any batch.
 *
 * Philox4x32-10 of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011), with
 *   key     = (seedLow, seedHigh)
 *   counter = (position, 0, 0, 0)
 * Ten rounds; each maps (c0, c1, c2, c3) with key (k0, k1) to
 *   (hi(M1 * c2) ^ c1 ^ k0, lo(M1 * c2), hi(M0 * c0) ^ c3 ^ k1, lo(M0 * c0)),
 *   M0 = 0xD2511F53, M1 = 0xCD9E8D57, after which k0 += 0x9E3779B9, k1 += 0xBB67AE85 (mod 2^32).
 * The number is (first output word >> 8) * 2^-24, in [0, 1). `native/runtime` computes the same.
 */

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;

export type Words4 = readonly [number, number, number, number];

/** The uniform number in [0, 1) of a seed's halves and a position; all three as uint32. */
export function uniformAt(seedLow: number, seedHigh: number, position: number): number {
  const [first] = philox4x32([position, 0, 0, 0], seedLow, seedHigh);
  return (first >>> 8) * 2 ** -24;
}

/** Philox4x32-10: four uint32 from four uint32 and a key of two. */
export function philox4x32(counter: Words4, key0: number, key1: number): Words4 {
  let [c0, c1, c2, c3] = counter;
  let k0 = key0;
  let k1 = key1;
  for (let round = 0; round < ROUNDS; round += 1) {
    const low0 = Math.imul(MULTIPLIER_0, c0) >>> 0;
    const low1 = Math.imul(MULTIPLIER_1, c2) >>> 0;
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** The upper 32 bits of a product of two uint32. */
function multiplyHigh(a: number, b: number): number {
  return Number((BigInt(a) * BigInt(b >>> 0)) >> 32n);
}
