/** One weight of every kind of quantised checkpoint: its values are those that were packed, to the bit. */

import { describe, expect, it } from "vitest";
import {
  CHECKPOINT_VARIANTS,
  checkpointVariant,
  type CheckpointVariant,
} from "../../../test/support/checkpoints/checkpoint-variants.ts";
import { dequantize, type QuantizedGroups, quantizeGroups } from "../../../test/support/checkpoints/quantize-groups.ts";
import { memorySource } from "../../formats/file-source.ts";
import type { SafetensorsTensor } from "../../formats/safetensors/model.ts";
import { readSafetensors } from "../../formats/safetensors/read.ts";
import { safetensorsBytes } from "../../formats/safetensors/write.ts";
import { decodeWeightValues, type StoredWeight } from "../../formats/stored-weight.ts";
import { JsonFields } from "./json-file.ts";
import { readQuantization } from "./quantization.ts";
import { quantizedWeight } from "./quantized-weight.ts";
import { tensorReader } from "./tensor-reader.ts";

const COLUMNS = 256;

interface Packed {
  readonly weight: StoredWeight;
  readonly rounded: QuantizedGroups;
  /** Since the last call: the name of each tensor that was looked at, as often as it was. */
  readonly takeViewed: () => readonly string[];
}

/** Rows of which each third has no value below 0, so that its zero points are 0. */
function pack(variant: CheckpointVariant, rows: number): Packed {
  const values = Float32Array.from({ length: rows * COLUMNS }, (_, index) => {
    const value = Math.sin(index) + 0.25;
    return Math.floor(index / COLUMNS) % 3 === 0 ? Math.abs(value) : value;
  });
  const rounded = quantizeGroups(values, COLUMNS, variant.rounding);
  const file = safetensorsBytes(variant.tensors("m", rounded));
  const { tensors } = readSafetensors("m.safetensors", (path) => memorySource(path, file));
  let viewed: string[] = [];
  const counted = [...tensors.values()].map((tensor): [string, SafetensorsTensor] => [
    tensor.name,
    { ...tensor, view: () => (viewed.push(tensor.name), tensor.view()) },
  ]);
  const config = new JsonFields("config.json", { quantization_config: variant.config });
  const weight = quantizedWeight("m", readQuantization(config, null), tensorReader(new Map(counted)));
  if (weight === null) throw new TypeError(`${variant.name} is not quantised`);
  const takeViewed = (): readonly string[] => {
    const taken = viewed;
    viewed = [];
    return taken;
  };
  return { weight, rounded, takeViewed };
}

/** The shape and the values as they are read, and as they were packed. */
function readBack(variant: CheckpointVariant, rows: number): { readonly read: unknown; readonly packed: unknown } {
  const { weight, rounded } = pack(variant, rows);
  return {
    read: [weight.shape, decodeWeightValues(weight)],
    packed: [[rows, COLUMNS], dequantize(rounded)],
  };
}

describe("a quantised weight", () => {
  it.each(CHECKPOINT_VARIANTS)("of $name", (variant) => {
    const { read, packed } = readBack(variant, 16);
    expect(read).toEqual(packed);
  });

  const ofGroups = CHECKPOINT_VARIANTS.filter(({ rounding }) => !rounding.symmetric && rounding.oneScale !== true);
  it.each(ofGroups)("has zero points of 0 here, of $name", (variant) => {
    expect(pack(variant, 16).rounded.zeroPoints).toContain(0);
  });

  const padded = CHECKPOINT_VARIANTS.filter(({ name }) => name.startsWith("compressed-tensors"));
  it.each(padded)("whose rows do not fill words, of $name", (variant) => {
    const { read, packed } = readBack(variant, 13);
    expect(read).toEqual(packed);
  });

  // Of more rows than are unpacked at a time.
  it.each(CHECKPOINT_VARIANTS)("is read once, of $name", (variant) => {
    const { weight, takeViewed } = pack(variant, 80);
    const toPlan = takeViewed();
    const isF16 = (variant.rounding.scaleType ?? "F16") === "F16";
    expect(toPlan.some((name) => name.includes("scale"))).toBe(!isF16);
    expect(toPlan.filter((name) => /packed$|qweight$|\.weight$|zero/.test(name))).toEqual([]);
    decodeWeightValues(weight);
    const toRead = takeViewed();
    expect(toRead.length).toBeGreaterThan(1);
    expect(new Set(toRead).size).toBe(toRead.length);
  });

  it("keeps scales of BF16 that f16 does not hold", () => {
    const variant = checkpointVariant("compressed-tensors pack-quantized 4 bits, group 32");
    const rounded = quantizeGroups(new Float32Array(8 * COLUMNS).fill(1e-7), COLUMNS, {
      ...variant.rounding,
      scaleType: "BF16",
    });
    const file = safetensorsBytes(variant.tensors("m", rounded));
    const { tensors } = readSafetensors("m.safetensors", (path) => memorySource(path, file));
    const weight = quantizedWeight("m", { method: "compressed-tensors", bits: 4 }, tensorReader(tensors));
    expect(weight?.encoding).toEqual({ kind: "groups", format: "int4_g32_wide" });
    expect(weight === null ? null : decodeWeightValues(weight)).toEqual(dequantize(rounded));
  });
});
