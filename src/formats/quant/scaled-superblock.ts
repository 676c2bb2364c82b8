/**
 * Superblocks of 256 values: an f16 scale d, times the signed integer scale of a sub-block, times a
 * level. The product of 11, 7 and at most 7 significant bits is exact in f32. Encoding, the plain way:
 * each sub-block gets the scale that its value of largest magnitude asks for, d makes the largest of
 * those the first integer, and quants are the nearest levels under the rounded scales.
 */

import type { GgmlTypeInfo } from "../gguf/ggml-types.ts";
import { type BitPlane, readPlanes, writePlanes } from "./bit-planes.ts";
import { type BlockFormat, blockwise } from "./block-format.ts";
import { extreme } from "./extreme.ts";
import { readF16, writeF16 } from "./half-floats.ts";
import type { Levels } from "./levels.ts";

export interface ScaledSuperblockLayout {
  readonly scaleAt: number;
  readonly planes: readonly BitPlane[];
  readonly levels: Levels;
  /** Values that share an integer scale. */
  readonly subBlock: 16 | 32;
  readonly scales: SubScales;
}

/** How a block's integer scales are stored: one for each sub-block, least .. -least - 1. */
export interface SubScales {
  readonly least: number;
  read(bytes: Uint8Array, block: number, scales: Int8Array): void;
  /** Into bytes that are zero. */
  write(scales: Int8Array, out: Uint8Array, block: number): void;
}

export function scaledSuperblock(type: GgmlTypeInfo, layout: ScaledSuperblockLayout): BlockFormat {
  const { scaleAt, planes, levels, subBlock } = layout;
  const quants = new Uint8Array(type.blockElements);
  const scales = new Int8Array(quants.length / subBlock);
  const wanted = new Float64Array(scales.length);
  const [firstLevel = 0] = levels.values;
  const { least } = layout.scales;
  const scaleOf = (index: number): number => scales[Math.floor(index / subBlock)] ?? 0;
  return blockwise(type, {
    decode(bytes, at, out, start) {
      const scale = readF16(bytes, at + scaleAt);
      layout.scales.read(bytes, at, scales);
      readPlanes(planes, bytes, at, quants);
      for (let index = 0; index < quants.length; index += 1) {
        out[start + index] = scale * scaleOf(index) * (levels.values[quants[index] ?? 0] ?? 0);
      }
    },
    encode(values, start, out, at) {
      for (const block of scales.keys()) {
        wanted[block] = extreme(values, start + block * subBlock, subBlock) / firstLevel;
      }
      const scale = writeF16(out, at + scaleAt, extreme(wanted, 0, wanted.length) / least);
      for (const [block, ideal] of wanted.entries()) {
        scales[block] = scale === 0 ? 0 : Math.max(least, Math.min(-least - 1, Math.round(ideal / scale)));
      }
      for (let index = 0; index < quants.length; index += 1) {
        const step = scale * scaleOf(index);
        quants[index] = levels.nearest(step === 0 ? 0 : (values[start + index] ?? 0) / step);
      }
      layout.scales.write(scales, out, at);
      writePlanes(planes, quants, out, at);
    },
  });
}
