/** One weight of every kind of quantised checkpoint: its values are those that were packed, to the bit. */

import { describe, expect, it } from "vitest";
import { CHECKPOINT_VARIANTS, type CheckpointVariant } from "../../../test/support/checkpoints/checkpoint-variants.ts";
import { dequantize, quantizeGroups } from "../../../test/support/checkpoints/quantize-groups.ts";
import { memorySource } from "../../formats/file-source.ts";
import { readSafetensors } from "../../formats/safetensors/read.ts";
import { safetensorsBytes } from "../../formats/safetensors/write.ts";
import { decodeWeightValues } from "../../formats/stored-weight.ts";
import { JsonFields } from "./json-file.ts";
import { readQuantization } from "./quantization.ts";
import { quantizedWeight } from "./quantized-weight.ts";
import { tensorReader } from "./tensor-reader.ts";

const COLUMNS = 256;

interface Values {
  /** As the checkpoint is read. */
  readonly read: Float32Array | null;
  /** As it was written. */
  readonly written: Float32Array;
}

function valuesOf(variant: CheckpointVariant, rows: number): Values {
  const values = Float32Array.from({ length: rows * COLUMNS }, (_, index) => Math.sin(index) + 0.25);
  const rounded = quantizeGroups(values, COLUMNS, variant.rounding);
  const file = safetensorsBytes(variant.tensors("m", rounded));
  const { tensors } = readSafetensors("m.safetensors", (path) => memorySource(path, file));
  const config = new JsonFields("config.json", { quantization_config: variant.config });
  const weight = quantizedWeight("m", readQuantization(config, null), tensorReader(tensors));
  return { read: weight === null ? null : decodeWeightValues(weight), written: dequantize(rounded) };
}

describe("a quantised weight", () => {
  it.each(CHECKPOINT_VARIANTS)("of $name", (variant) => {
    const { read, written } = valuesOf(variant, 16);
    expect(read).toEqual(written);
  });

  const padded = CHECKPOINT_VARIANTS.filter(({ name }) => name.startsWith("compressed-tensors"));
  it.each(padded)("whose rows do not fill words, of $name", (variant) => {
    const { read, written } = valuesOf(variant, 13);
    expect(read).toEqual(written);
  });
});
