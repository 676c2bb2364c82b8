/**
 * Quants of a block as their bits lie in the file: planes of 1, 2 or 4 bits each. A plane is cut into
 * runs of `stride` values; run r takes bits `bits * (r % n)` of `stride` bytes, where n = 8 / bits runs
 * share them, and the next n runs the bytes after those.
 */

export interface BitPlane {
  /** First byte of the plane in its block. */
  readonly at: number;
  readonly bits: 1 | 2 | 4;
  readonly stride: number;
  /** Position of the plane's bits in a quant. */
  readonly shift: number;
}

/** Sets `quants` to what the planes of the block at `block` hold. */
export function readPlanes(planes: readonly BitPlane[], bytes: Uint8Array, block: number, quants: Uint8Array): void {
  quants.fill(0);
  for (const plane of planes) {
    const mask = (1 << plane.bits) - 1;
    eachRun(plane, quants.length, (first, byte, low) => {
      for (let index = 0; index < plane.stride; index += 1) {
        const bits = ((bytes[block + byte + index] ?? 0) >> low) & mask;
        quants[first + index] = (quants[first + index] ?? 0) | (bits << plane.shift);
      }
    });
  }
}

/** The inverse, into bytes that are zero. */
export function writePlanes(planes: readonly BitPlane[], quants: Uint8Array, out: Uint8Array, block: number): void {
  for (const plane of planes) {
    const mask = (1 << plane.bits) - 1;
    eachRun(plane, quants.length, (first, byte, low) => {
      for (let index = 0; index < plane.stride; index += 1) {
        const bits = ((quants[first + index] ?? 0) >> plane.shift) & mask;
        out[block + byte + index] = (out[block + byte + index] ?? 0) | (bits << low);
      }
    });
  }
}

/** For each run: its first value, its first byte in the block, and its lowest bit there. */
function eachRun(
  { at, bits, stride }: BitPlane,
  values: number,
  visit: (first: number, byte: number, low: number) => void,
): void {
  const sharing = 8 / bits;
  for (let run = 0; run * stride < values; run += 1) {
    visit(run * stride, at + Math.floor(run / sharing) * stride, bits * (run % sharing));
  }
}
