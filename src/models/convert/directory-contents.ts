/**
 * A Hugging Face directory in other weights: as floats, or rounded to groups in compressed-tensors'
 * pack-quantized form, which vLLM and transformers load too. Embedding, head and vectors stay as they are.
 */

import { fail } from "../../base/errors.ts";
import { GGML_TYPES, type GgmlType } from "../../formats/gguf/ggml-types.ts";
import type { GroupMatrix } from "../../formats/group-quant/group-blocks.ts";
import { packQuantized } from "../../formats/group-quant/compressed-tensors-encode.ts";
import { roundToGroups } from "../../formats/group-quant/round-groups.ts";
import { encodeRows } from "../../formats/quant/rows.ts";
import type { SafetensorsContents } from "../../formats/safetensors/write.ts";
import { decodeWeightValues, type StoredWeight } from "../../formats/stored-weight.ts";
import { moduleOfWeight } from "../hugging-face/weight-names.ts";
import type { ModelSource } from "../model-source.ts";
import { type ConvertQuant, floatTypeOf } from "./convert-quant.ts";
import { hasRopeRows, pairRopeRows } from "./rope-rows.ts";

interface Rounding {
  readonly bits: 4 | 8;
  readonly groupColumns: number;
}

const ROUNDINGS: { readonly [Quant in ConvertQuant]?: Rounding } = {
  q8: { bits: 8, groupColumns: 128 },
  "q4-g128": { bits: 4, groupColumns: 128 },
  "q4-g32": { bits: 4, groupColumns: 32 },
};

type Config = Readonly<Record<string, unknown>>;

export interface DirectoryContents {
  /** Fields of config.json that differ from `original`, the source's; `undefined` takes one away. */
  readonly configOver: (original: Config) => Config;
  /** One at a time, so that no more than one weight is in memory. */
  readonly tensors: readonly SafetensorsContents[];
}

/** Throws `invalid_option` where `quant` asks for what cannot be done. */
export function directoryContents(source: ModelSource, quant: ConvertQuant): DirectoryContents {
  const rounding = ROUNDINGS[quant];
  const floats = floatTypeOf(quant);
  const rounder = rounding === undefined ? null : rounderOf(rounding);
  return {
    configOver(original) {
      if (rounding !== undefined) return { quantization_config: quantizationConfig(rounding) };
      return floats === null ? {} : floatConfig(original, floats);
    },
    tensors: source.weightNames.flatMap((name) => tensorsOf(source, name, rounder, floats)),
  };
}

const TORCH_DTYPES: { readonly [Type in GgmlType]?: string } = { F32: "float32", F16: "float16", BF16: "bfloat16" };

/** transformers writes "dtype" from 5 on and reads either; one that stayed would contradict the weights. */
const DTYPE_FIELDS = ["dtype", "torch_dtype"] as const;

function floatConfig(original: Config, type: GgmlType): Config {
  const named = DTYPE_FIELDS.filter((field) => field in original);
  const fields = named.length > 0 ? named : ["torch_dtype"];
  const dtypes = Object.fromEntries(fields.map((field) => [field, TORCH_DTYPES[type]]));
  return { ...dtypes, quantization_config: undefined };
}

/** Source: compressed-tensors, `QuantizationConfig`. */
function quantizationConfig({ bits, groupColumns }: Rounding): Config {
  const weights = { num_bits: bits, type: "int", symmetric: false, strategy: "group", group_size: groupColumns };
  return {
    quant_method: "compressed-tensors",
    format: "pack-quantized",
    quantization_status: "compressed",
    ignore: ["lm_head"],
    config_groups: {
      group_0: { targets: ["Linear"], weights, input_activations: null, output_activations: null },
    },
  };
}

function tensorsOf(
  source: ModelSource,
  name: string,
  rounder: Rounder | null,
  floats: GgmlType | null,
): readonly SafetensorsContents[] {
  const weight = pairedInHalves(source, name);
  const place = moduleOfWeight(name);
  if (weight === null || place === null) return fail("weight_missing", { tensor: name, expected: "" });
  const [rows = 0, columns = 0] = weight.shape;
  const isInner = weight.shape.length === 2 && name.startsWith("blk.");
  if (rounder !== null && isInner) {
    checkRoundable(source, name, weight, rounder);
    const { bits, groupColumns } = rounder;
    return packQuantized(place.module, { bits, rows, columns, groups: columns / groupColumns }, () =>
      rounder.round(weight),
    );
  }
  if (rounder === null && floats === null) requireFloats(source, name, weight);
  const type = floats ?? storedFloat(weight);
  const bytes = (): Uint8Array => encodeRows(GGML_TYPES[type].id, decodeWeightValues(weight));
  const shape = weight.shape.length === 1 ? [rows] : [rows, columns];
  return [{ name: `${place.module}.${place.part}`, dtype: type as "F32", shape, data: () => [bytes()] }];
}

/** A weight with its rows as checkpoints have them. */
function pairedInHalves(source: ModelSource, name: string): StoredWeight | null {
  const weight = source.weight(name);
  if (weight === null || !hasRopeRows(name)) return weight;
  const { ropePairing, headDim } = source.spec();
  if (ropePairing === "halves") return weight;
  const [rows = 1] = weight.shape;
  const parts = weight.parts.map((part) => ({
    ...part,
    view: () => pairRopeRows(part.view(), rows, headDim, "halves"),
  }));
  return { ...weight, parts };
}

interface Rounder extends Rounding {
  /** The last one's groups are kept, since each of a weight's tensors asks for them. */
  round(weight: StoredWeight): GroupMatrix;
}

function rounderOf(rounding: Rounding): Rounder {
  const { bits, groupColumns } = rounding;
  let last: { readonly weight: StoredWeight; readonly matrix: GroupMatrix } | null = null;
  return {
    ...rounding,
    round(weight) {
      if (last?.weight === weight) return last.matrix;
      last = null;
      const [, columns = 0] = weight.shape;
      const matrix = roundToGroups(decodeWeightValues(weight), columns, groupColumns, bits);
      last = { weight, matrix };
      return matrix;
    },
  };
}

function checkRoundable(
  source: ModelSource,
  name: string,
  { encoding, shape }: StoredWeight,
  rounding: Rounding,
): void {
  const tensor = source.tensorName(name);
  const [, columns = 0] = shape;
  if (encoding.kind !== "ggml" || !isFloat(encoding.type)) {
    const type = encoding.kind === "ggml" ? encoding.type : encoding.format;
    const hint = "Rounding it again would lose more; take --quant f16 to write it dequantised.";
    fail("tensor_type_unsupported", { path: source.path, tensor, type: `${type} already`, hint });
  }
  if (columns % rounding.groupColumns !== 0) {
    const problem = `${tensor} has ${columns} columns, no multiple of its groups of ${rounding.groupColumns}.`;
    fail("invalid_option", { option: "--quant", problem });
  }
}

/** Integers are kept in groups here, which are not what their maker wrote. */
function requireFloats(source: ModelSource, name: string, { encoding }: StoredWeight): void {
  if (encoding.kind === "ggml" && isFloat(encoding.type)) return;
  const what = `${source.tensorName(name)} is quantised, and a folder keeps only floats as they are`;
  fail("invalid_option", { option: "--quant", problem: `${what}; take f16 to write it dequantised.` });
}

function isFloat(type: GgmlType): boolean {
  return type in TORCH_DTYPES;
}

/** Embedding, head and vectors of quantised checkpoints are floats; were one not, f32 would lose nothing. */
function storedFloat({ encoding }: StoredWeight): GgmlType {
  return encoding.kind === "ggml" && isFloat(encoding.type) ? encoding.type : "F32";
}
