/**
 * Blocks of 32 values d * q + m, with f16 d and m, which come first. d * q is exact, the sum rounds once
 * in f32. Encoding: m is the least value, d spans the rest in f32; q = (x - m) / d by the unrounded
 * reciprocal, ties upwards; then d and m are rounded to f16.
 */

import type { GgmlTypeInfo } from "../gguf/ggml-types.ts";
import { type BitPlane, readPlanes, writePlanes } from "./bit-planes.ts";
import { type BlockFormat, blockwise } from "./block-format.ts";
import { readF16, writeF16 } from "./half-floats.ts";

export interface AffineBlockLayout {
  readonly planes: readonly BitPlane[];
  readonly largestQuant: number;
}

const MINIMUM = 2;

export function affineBlock(type: GgmlTypeInfo, { planes, largestQuant }: AffineBlockLayout): BlockFormat {
  const quants = new Uint8Array(type.blockElements);
  return blockwise(type, {
    decode(bytes, at, out, start) {
      const scale = readF16(bytes, at);
      const minimum = readF16(bytes, at + MINIMUM);
      readPlanes(planes, bytes, at, quants);
      for (let index = 0; index < quants.length; index += 1) {
        out[start + index] = scale * (quants[index] ?? 0) + minimum;
      }
    },
    encode(values, start, out, at) {
      const block = values.subarray(start, start + quants.length);
      const minimum = block.reduce((least, value) => Math.min(least, value));
      const maximum = block.reduce((most, value) => Math.max(most, value));
      const scale = Math.fround(Math.fround(maximum - minimum) / largestQuant);
      const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
      writeF16(out, at, scale);
      writeF16(out, at + MINIMUM, minimum);
      for (let index = 0; index < quants.length; index += 1) {
        const steps = Math.fround(Math.fround((block[index] ?? 0) - minimum) * inverse);
        quants[index] = Math.min(largestQuant, Math.trunc(Math.fround(steps + 0.5)));
      }
      writePlanes(planes, quants, out, at);
    },
  });
}
