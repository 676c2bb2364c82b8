/**
 * Superblocks of 256 values d * scale * q - dmin * minimum, with f16 d and dmin and small unsigned
 * integers for each sub-block. Both products are exact, the difference rounds once in f32. Encoding, the
 * plain way: each sub-block spans 0 and its values, d and dmin make the largest scale and minimum the
 * largest integers, and quants are the nearest under the rounded scales.
 */

import type { GgmlTypeInfo } from "../gguf/ggml-types.ts";
import { type BitPlane, readPlanes, writePlanes } from "./bit-planes.ts";
import { type BlockFormat, blockwise } from "./block-format.ts";
import { readF16, writeF16 } from "./half-floats.ts";

export interface AffineSuperblockLayout {
  readonly scaleAt: number;
  readonly minimumAt: number;
  readonly planes: readonly BitPlane[];
  readonly largestQuant: number;
  /** Values that share a scale and a minimum. */
  readonly subBlock: 16 | 32;
  readonly scales: SubScalesAndMinima;
}

/** How a block's integer scales and minima are stored: one of each for each sub-block, 0 .. largest. */
export interface SubScalesAndMinima {
  readonly largest: number;
  read(bytes: Uint8Array, block: number, scales: Uint8Array, minima: Uint8Array): void;
  /** Into bytes that are zero. */
  write(scales: Uint8Array, minima: Uint8Array, out: Uint8Array, block: number): void;
}

export function affineSuperblock(type: GgmlTypeInfo, layout: AffineSuperblockLayout): BlockFormat {
  const { scaleAt, minimumAt, planes, largestQuant, subBlock } = layout;
  const quants = new Uint8Array(type.blockElements);
  const scales = new Uint8Array(quants.length / subBlock);
  const minima = new Uint8Array(scales.length);
  const { largest } = layout.scales;
  return blockwise(type, {
    decode(bytes, at, out, start) {
      const scale = readF16(bytes, at + scaleAt);
      const minimum = readF16(bytes, at + minimumAt);
      layout.scales.read(bytes, at, scales, minima);
      readPlanes(planes, bytes, at, quants);
      for (let index = 0; index < quants.length; index += 1) {
        const block = Math.floor(index / subBlock);
        out[start + index] = scale * (scales[block] ?? 0) * (quants[index] ?? 0) - minimum * (minima[block] ?? 0);
      }
    },
    encode(values, start, out, at) {
      const spans = Array.from(scales, (_, block) => spanOf(values, start + block * subBlock, subBlock));
      const scale = writeF16(out, at + scaleAt, Math.max(...spans.map(({ width }) => width)) / largestQuant / largest);
      const minimum = writeF16(out, at + minimumAt, Math.max(...spans.map(({ below }) => below)) / largest);
      for (const [block, { width, below }] of spans.entries()) {
        scales[block] = roundedRatio(width / largestQuant, scale, largest);
        minima[block] = roundedRatio(below, minimum, largest);
      }
      for (let index = 0; index < quants.length; index += 1) {
        const block = Math.floor(index / subBlock);
        const above = (values[start + index] ?? 0) + minimum * (minima[block] ?? 0);
        quants[index] = roundedRatio(above, scale * (scales[block] ?? 0), largestQuant);
      }
      layout.scales.write(scales, minima, out, at);
      writePlanes(planes, quants, out, at);
    },
  });
}

/** How far the values reach below 0, and how wide they and 0 are together. */
function spanOf(
  values: Float32Array,
  start: number,
  count: number,
): { readonly below: number; readonly width: number } {
  let least = 0;
  let most = 0;
  for (let index = start; index < start + count; index += 1) {
    least = Math.min(least, values[index] ?? 0);
    most = Math.max(most, values[index] ?? 0);
  }
  return { below: -least, width: most - least };
}

function roundedRatio(value: number, step: number, largest: number): number {
  return step === 0 ? 0 : Math.max(0, Math.min(largest, Math.round(value / step)));
}
