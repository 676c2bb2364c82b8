/** Directories of integers: what is rounded for them and what is kept, against the formats' own descriptions. */

import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  CHECKPOINT_VARIANTS,
  checkpointVariant,
  type CheckpointVariant,
} from "../../../test/support/checkpoints/checkpoint-variants.ts";
import { ggmlGroups } from "../../../test/support/checkpoints/ggml-groups.ts";
import { type QuantizedGroups, quantizeGroups } from "../../../test/support/checkpoints/quantize-groups.ts";
import {
  goldenConfig,
  goldenTensors,
  temporaryFolder,
  writeDirectory,
} from "../../../test/support/checkpoints/write-directory.ts";
import { packQuantizedTensors } from "../../../test/support/checkpoints/write-weight.ts";
import {
  type ForwardGolden,
  goldenValues,
  goldenWeights,
  readForwardGolden,
} from "../../../test/support/forward-golden.ts";
import { sourceLogits } from "../../../test/support/source-logits.ts";
import { memorySource, openFileSource } from "../../formats/file-source.ts";
import { readGguf } from "../../formats/gguf/read.ts";
import { ggufBytes } from "../../formats/gguf/write.ts";
import { readSafetensors } from "../../formats/safetensors/read.ts";
import { decodeWeightValues } from "../../formats/stored-weight.ts";
import { ggufSource } from "../gguf/gguf-source.ts";
import { moduleOfWeight } from "../hugging-face/weight-names.ts";
import type { ModelSource } from "../model-source.ts";
import { openModel } from "../open-model.ts";
import { quantizedSource } from "../quantized-source.ts";
import { randomModel, type RandomQuant } from "../random/random-model.ts";
import type { RandomShapeName } from "../random/random-shapes.ts";
import type { ConvertQuant } from "./convert-quant.ts";
import { ggufContents } from "./gguf-contents.ts";
import { writeModelDirectory } from "./write-directory.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());
let written = 0;

const nextPath = (): string => join(folder.path, String((written += 1)));

/** Sizes that all groups divide. */
const GOLDEN: ForwardGolden = { ...readForwardGolden("qwen3"), hidden: 128, ffn: 256, heads: 8 };

function goldenDirectory(variant: CheckpointVariant | null = null, golden = GOLDEN): string {
  const path = nextPath();
  mkdirSync(path);
  const quantization = variant === null ? {} : { quantization_config: variant.config };
  writeDirectory(path, { ...goldenConfig(golden), ...quantization }, goldenTensors(golden, variant));
  return path;
}

function randomSource(shape: RandomShapeName, quant: RandomQuant): ModelSource {
  const bytes = ggufBytes(randomModel(shape, quant, 1));
  return ggufSource(readGguf("model.gguf", (path) => memorySource(path, bytes)));
}

/** Written to a new folder, whose path it gives. */
function converted(source: ModelSource, quant: ConvertQuant): string {
  const target = nextPath();
  writeModelDirectory(source, target, quant);
  source.dispose();
  return target;
}

const writing = (source: ModelSource) => () => converted(source, "none");

const opened = (path: string): ModelSource => openModel(path, openFileSource);

interface QuantizationConfig {
  readonly ignore: readonly string[];
  readonly config_groups: Readonly<Record<string, { targets: readonly string[]; weights: unknown }>>;
}

function quantizationConfig(path: string): QuantizationConfig | undefined {
  const config: unknown = JSON.parse(readFileSync(join(path, "config.json"), "utf8"));
  return (config as { quantization_config?: QuantizationConfig }).quantization_config;
}

const schemesOf = (path: string) => Object.values(quantizationConfig(path)?.config_groups ?? {});

const isInnerMatrix = (source: ModelSource, name: string): boolean =>
  name.startsWith("blk.") && source.weight(name)?.shape.length === 2;

describe("a directory that is rounded", () => {
  // Q8_0 and Q4_0 by ggml's reference; groups of 128 as makers of checkpoints round them.
  it.each([
    ["q8", (values: Float32Array, columns: number) => ggmlGroups(values, columns, 8), 8, 32, true],
    ["q4-g32", (values: Float32Array, columns: number) => ggmlGroups(values, columns, 4), 4, 32, true],
    [
      "q4-g128",
      (values: Float32Array, columns: number) =>
        quantizeGroups(values, columns, { bits: 4, groupColumns: 128, symmetric: false }),
      4,
      128,
      false,
    ],
  ] as const)("to %s has the bytes of that form", (quant, round, bits, groupColumns, symmetric) => {
    const target = converted(opened(goldenDirectory()), quant);
    const weights = goldenWeights(GOLDEN).filter(({ name, shape }) => name.startsWith("blk.") && shape.length === 2);
    const packed = weights.flatMap((weight) => {
      const module = moduleOfWeight(weight.name)?.module ?? "";
      const groups: QuantizedGroups = round(goldenValues(weight), weight.shape[1] ?? 0);
      return packQuantizedTensors(module, groups, symmetric);
    });
    const plain = goldenTensors(GOLDEN).filter(({ name }) => !name.endsWith("_proj.weight"));
    const file = readSafetensors(join(target, "model.safetensors"), openFileSource);
    expect([...file.tensors.keys()].toSorted()).toEqual([...packed, ...plain].map(({ name }) => name).toSorted());
    for (const { name, dtype, shape, data } of [...packed, ...plain]) {
      const tensor = file.tensors.get(name);
      if (tensor === undefined || !(data instanceof Uint8Array)) throw new TypeError(name);
      expect([tensor.dtype, tensor.shape], name).toEqual([dtype, shape]);
      expect(Buffer.compare(tensor.view(), data), name).toBe(0);
    }
    file.dispose();
    const scheme = { num_bits: bits, type: "int", symmetric, strategy: "group", group_size: groupColumns };
    expect(schemesOf(target)).toMatchObject([{ targets: ["Linear"], weights: scheme }]);
  });

  // Of 96 columns that groups of 128 do not divide and 256 that they do; and of those only.
  it.each([
    ["tiny", "q8"],
    ["tiny", "q4-g32"],
    ["tiny", "q4-g128"],
    ["tiny-wide", "q4-g128"],
  ] as const)("%s to %s runs as what is rounded at load", (shape, quant) => {
    const plain = converted(randomSource(shape, "bf16"), "none");
    const rounded = quantizedSource(opened(plain), quant);
    const source = opened(converted(opened(plain), quant));
    let matrices = 0;
    for (const name of source.weightNames.filter((each) => isInnerMatrix(source, each))) {
      const [own, atLoad] = [source.weight(name), rounded.weight(name)];
      expect(own?.encoding, name).toEqual(atLoad?.encoding);
      expect(Buffer.compare(bytesOf(own), bytesOf(atLoad)), name).toBe(0);
      matrices += 1;
    }
    expect(matrices).toBe(3 * 7);
    for (const name of ["token_embd.weight", "output.weight"]) {
      expect(source.weight(name)?.encoding, name).toEqual({ kind: "ggml", type: "BF16" });
    }
    for (const each of [source, rounded]) each.dispose();
  });

  it("names the modules of each scheme where there are two", () => {
    const target = converted(randomSource("tiny", "bf16"), "q4-g128");
    const [narrow, wide, ...others] = schemesOf(target);
    expect(others).toEqual([]);
    expect(narrow?.weights).toMatchObject({ symmetric: true, group_size: 32 });
    expect(narrow?.targets).toHaveLength(3 * 6);
    expect(wide?.weights).toMatchObject({ symmetric: false, group_size: 128 });
    expect(wide?.targets).toEqual([0, 1, 2].map((layer) => `model.layers.${layer}.mlp.down_proj`));
  });

  it("leaves floats where no block divides a row", () => {
    const golden: ForwardGolden = { ...GOLDEN, ffn: 272 };
    const target = converted(opened(goldenDirectory(null, golden)), "q8");
    const down = [0, 1].map((layer) => `model.layers.${layer}.mlp.down_proj`);
    expect(quantizationConfig(target)?.ignore).toEqual(["lm_head", ...down]);
    const source = opened(target);
    expect(source.weight("blk.0.ffn_down.weight")?.encoding).toEqual({ kind: "ggml", type: "F32" });
    expect(source.weight("blk.0.ffn_up.weight")?.encoding).toEqual({ kind: "ggml", type: "Q8_0" });
    source.dispose();
  });
});

function bytesOf(weight: ReturnType<ModelSource["weight"]>): Uint8Array {
  const [data] = weight?.parts ?? [];
  if (data === undefined) throw new TypeError("there is no weight");
  return data.view();
}

describe("a directory of a quantised model, as it is", () => {
  const inOrder = CHECKPOINT_VARIANTS.filter(({ rounding }) => rounding.scattered === undefined);
  it.each(inOrder)("has the values of $name", (variant) => {
    const source = opened(converted(opened(goldenDirectory(variant)), "none"));
    for (const { name, data } of goldenTensors(GOLDEN, variant, "dequantized")) {
      const canonical = source.weightNames.find((each) => source.tensorName(each) === name);
      const weight = source.weight(canonical ?? "");
      if (weight === null || !(data instanceof Uint8Array)) throw new TypeError(name);
      expect(Buffer.compare(new Uint8Array(decodeWeightValues(weight).buffer), data), name).toBe(0);
    }
    const quantised = source.weight("blk.0.ffn_up.weight")?.encoding;
    expect(quantised).not.toMatchObject({ type: "F32" });
    source.dispose();
  });

  it.each([
    ["tiny", "q8_0"],
    ["tiny", "q4_0"],
    ["tiny-qwen2", "q8_0"],
  ] as const)("gives the logits of a GGUF file, %s in %s, and its tensors back", (shape, quant) => {
    const tokens = [3, 17, 60, 42, 42, 8, 31];
    const expected = sourceLogits(randomSource(shape, quant), tokens);
    const source = opened(converted(randomSource(shape, quant), "none"));
    expect(source.weight("blk.0.attn_q.weight")?.encoding).toEqual({ kind: "ggml", type: quant.toUpperCase() });
    expect(sourceLogits(source, tokens)).toEqual(expected);
    const original = randomSource(shape, quant);
    for (const { name, type, data } of ggufContents(source, null, "none").tensors) {
      if (!isInnerMatrix(source, name)) continue;
      expect(type, name).toBe(quant.toUpperCase());
      const bytes = data instanceof Uint8Array ? data : Buffer.concat([...data()]);
      expect(Buffer.compare(bytes, bytesOf(original.weight(name))), name).toBe(0);
    }
    source.dispose();
  });

  it("says what has no such form, and what to take", () => {
    expect(writing(randomSource("tiny-wide", "q4_k_m"))).toThrow(
      /quant: blk\.0\.attn_q\.weight is Q4_K, which a folder does not keep; take f16 to write it dequantised/,
    );
    const scattered = checkpointVariant("GPTQ 4 bits, group 32, zero points, act-order");
    expect(writing(opened(goldenDirectory(scattered)))).toThrow(
      /q_proj\.weight has its columns in act-order, which a folder does not keep; take f16/,
    );
    const source = randomSource("tiny", "q4_0");
    const wider = randomSource("tiny", "q8_0");
    const own = source.weight.bind(source);
    source.weight = (name) => (name === "blk.1.ffn_up.weight" ? wider.weight(name) : own(name));
    expect(writing(source)).toThrow(
      /attn_q\.weight has 4 bits and blk\.1\.ffn_up\.weight has 8 bits.*one width; take f16/,
    );
  });
});
