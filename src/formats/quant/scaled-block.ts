/**
 * Blocks of 32 values, each an f16 scale d, which comes first, times a level. The product of 11 and 7
 * significant bits is exact in f32. Encoding: d = m / (the first level) for the first value m of largest
 * magnitude, so that m itself becomes quant 0; each quant is the level nearest to x / d, by the unrounded
 * reciprocal of d in f32; then d is rounded to f16.
 */

import type { GgmlTypeInfo } from "../gguf/ggml-types.ts";
import { type BitPlane, readPlanes, writePlanes } from "./bit-planes.ts";
import { type BlockFormat, blockwise } from "./block-format.ts";
import { extreme } from "./extreme.ts";
import { readF16, writeF16 } from "./half-floats.ts";
import type { Levels } from "./levels.ts";

export interface ScaledBlockLayout {
  readonly planes: readonly BitPlane[];
  readonly levels: Levels;
}

export function scaledBlock(type: GgmlTypeInfo, { planes, levels }: ScaledBlockLayout): BlockFormat {
  const quants = new Uint8Array(type.blockElements);
  const [firstLevel = 0] = levels.values;
  return blockwise(type, {
    decode(bytes, at, out, start) {
      const scale = readF16(bytes, at);
      readPlanes(planes, bytes, at, quants);
      for (let index = 0; index < quants.length; index += 1) {
        out[start + index] = scale * (levels.values[quants[index] ?? 0] ?? 0);
      }
    },
    encode(values, start, out, at) {
      const scale = Math.fround(extreme(values, start, quants.length) / firstLevel);
      const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
      writeF16(out, at, scale);
      for (let index = 0; index < quants.length; index += 1) {
        quants[index] = levels.nearest(Math.fround((values[start + index] ?? 0) * inverse));
      }
      writePlanes(planes, quants, out, at);
    },
  });
}
