/** One weight of every kind of quantised checkpoint: its values are those that were packed, to the bit. */

import { describe, expect, it } from "vitest";
import {
  CHECKPOINT_VARIANTS,
  checkpointVariant,
  type CheckpointVariant,
} from "../../../test/support/checkpoints/checkpoint-variants.ts";
import { ggmlGroups } from "../../../test/support/checkpoints/ggml-groups.ts";
import { dequantize, type QuantizedGroups, quantizeGroups } from "../../../test/support/checkpoints/quantize-groups.ts";
import { packQuantizedTensors } from "../../../test/support/checkpoints/write-weight.ts";
import { memorySource } from "../../formats/file-source.ts";
import { GGML_TYPES } from "../../formats/gguf/ggml-types.ts";
import { encodeRows } from "../../formats/quant/rows.ts";
import type { SafetensorsTensor } from "../../formats/safetensors/model.ts";
import { readSafetensors } from "../../formats/safetensors/read.ts";
import { safetensorsBytes, type SafetensorsContents } from "../../formats/safetensors/write.ts";
import { decodeWeightValues, type StoredWeight } from "../../formats/stored-weight.ts";
import { JsonFields } from "./json-file.ts";
import { type Quantization, readQuantization } from "./quantization.ts";
import { quantizedWeight } from "./quantized-weight.ts";
import { tensorReader } from "./tensor-reader.ts";

const COLUMNS = 256;

/** Of a config that says no more. */
const PLAIN: Quantization = { method: "compressed-tensors", bits: 4, schemes: [] };

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
    const weight = quantizedWeight("m", PLAIN, tensorReader(tensors));
    expect(weight?.encoding).toEqual({ kind: "groups", format: "int4_g32_wide" });
    expect(weight === null ? null : decodeWeightValues(weight)).toEqual(dequantize(rounded));
  });
});

/** Of compressed-tensors' `QuantizationArgs`; 4 bits where the width is left out. */
interface WeightArgs {
  readonly num_bits?: 4 | 8;
  readonly strategy?: string | null;
  readonly group_size?: number | null;
  readonly symmetric?: boolean;
}

/** 8 rows of `columns` packed to 4 bits in groups of `groupColumns`, read as a config with `args` says. */
function readPacked(columns: number, groupColumns: number, ...args: readonly WeightArgs[]): StoredWeight | null {
  const symmetric = args.every((each) => each.symmetric !== false);
  const values = Float32Array.from({ length: 8 * columns }, (_, index) => Math.sin(index) + 0.25);
  const rounded = quantizeGroups(values, columns, { bits: 4, groupColumns, symmetric });
  return readTensors(packQuantizedTensors("m", rounded, symmetric), ...args);
}

function readTensors(contents: readonly SafetensorsContents[], ...args: readonly WeightArgs[]): StoredWeight | null {
  const groups = args.map((each, index) => [`group_${index}`, { weights: { num_bits: 4, type: "int", ...each } }]);
  const quantization = { quant_method: "compressed-tensors", config_groups: Object.fromEntries(groups) as object };
  const config = new JsonFields("config.json", { quantization_config: quantization });
  const { tensors } = readSafetensors("m.safetensors", (path) => memorySource(path, safetensorsBytes(contents)));
  return quantizedWeight("m", readQuantization(config, null), tensorReader(tensors));
}

const group = (size: number): WeightArgs => ({ strategy: "group", group_size: size });

describe("a weight of compressed-tensors", () => {
  it("has the groups that its config says, or is refused with both named", () => {
    expect(readPacked(192, 64, group(64))?.encoding).toEqual({ kind: "groups", format: "int4_g64_zero" });
    // ceil(192 / 128) scales a row, as of a last group that is not whole.
    expect(() => readPacked(192, 96, group(128))).toThrow(
      "Tensor m.weight_scale has shape [8, 2], and m.weight_packed 8 rows of 192 columns. " +
        "Accepted: columns in multiples of the group_size 128 of config.json.",
    );
    expect(() => readPacked(192, 64, group(32))).toThrow(
      /m\.weight_scale has shape \[8, 3\].*Accepted: shape \[8, 6\], a scale for each group_size of 32 columns/,
    );
    expect(() => readPacked(192, -1, group(64))).toThrow(/has shape \[8, 1\].*Accepted: shape \[8, 3\]/);
    expect(() => readPacked(192, 64, { strategy: "channel", group_size: -1 })).toThrow(
      /has shape \[8, 3\].*Accepted: shape \[8, 1\], a scale a row/,
    );
    expect(() => readPacked(192, 64, { strategy: "tensor" })).toThrow(/has shape \[8, 3\].*Accepted: shape \[1\]/);
  });

  it("takes the strategy from the group size, and without either from its scales", () => {
    expect(() => readPacked(192, 64, { group_size: 32 })).toThrow(/Accepted: shape \[8, 6\]/);
    expect(() => readPacked(192, 64, { group_size: -1 })).toThrow(/Accepted: shape \[8, 1\]/);
    for (const groupColumns of [-1, 96, 64, 32]) {
      expect(readPacked(192, groupColumns, {})?.shape).toEqual([8, 192]);
    }
  });

  it("may be of any group of modules", () => {
    const channel = { strategy: "channel", symmetric: true };
    expect(readPacked(192, 64, channel, group(64))?.shape).toEqual([8, 192]);
    expect(readPacked(192, -1, channel, group(64))?.shape).toEqual([8, 192]);
    expect(() => readPacked(192, 32, channel, group(64))).toThrow(
      /Accepted: shape \[8, 1\], a scale a row; shape \[8, 3\], a scale for each group_size of 64 columns/,
    );
  });

  it.each<[WeightArgs, RegExp]>([
    [{ strategy: "group" }, /weights\.group_size is missing/],
    [{ strategy: "group", group_size: -1 }, /weights\.group_size: it is -1; a size above 0 is accepted/],
    [{ strategy: "group", group_size: 0 }, /group_size: it is 0/],
    [
      { strategy: "channel", group_size: 128 },
      /group_size: it is 128; -1 or null is accepted with the strategy channel/,
    ],
    [{ strategy: "tensor", group_size: 128 }, /group_size: it is 128; -1 or null/],
    [{ strategy: "block" }, /weights by the strategy block/],
    [{ strategy: "tensor_group", group_size: 16 }, /weights by the strategy tensor_group/],
  ])("is refused with %j", (args, message) => {
    expect(() => readPacked(192, 64, args)).toThrow(message);
  });

  it("has zero points where its config says that it is not symmetric", () => {
    const args = { ...group(64), symmetric: false };
    expect(readPacked(192, 64, args)?.encoding).toEqual({ kind: "groups", format: "int4_g64_zero" });
    const values = Float32Array.from({ length: 8 * 192 }, (_, index) => Math.sin(index));
    const symmetric = quantizeGroups(values, 192, { bits: 4, groupColumns: 64, symmetric: true });
    const without = packQuantizedTensors("m", symmetric, true);
    expect(() => readTensors(without, args)).toThrow(/m\.weight_zero_point is missing; expected shape \[1, 3\]/);
    expect(readTensors(without, group(64))?.shape).toEqual([8, 192]);
    // One scheme of the two that it may be of has none.
    expect(readTensors(without, args, group(64))?.shape).toEqual([8, 192]);
  });

  it("runs as Q4_0 and Q8_0 where it is symmetric by 32 columns, from their bytes", () => {
    for (const bits of [4, 8] as const) {
      const values = Float32Array.from({ length: 8 * 96 }, (_, index) => Math.sin(index) + (index % 7) / 8);
      const rounded = ggmlGroups(values, 96, bits);
      const weight = readTensors(packQuantizedTensors("m", rounded, true), { ...group(32), num_bits: bits });
      const type = bits === 4 ? "Q4_0" : "Q8_0";
      expect(weight?.encoding).toEqual({ kind: "ggml", type });
      expect(weight?.parts[0]?.view()).toEqual(encodeRows(GGML_TYPES[type].id, values));
      expect(weight === null ? null : decodeWeightValues(weight)).toEqual(dequantize(rounded));
    }
  });
});
