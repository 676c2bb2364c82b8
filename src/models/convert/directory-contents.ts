/**
 * A Hugging Face directory in other weights: as floats, or as integers in compressed-tensors' pack-quantized form, which
 * vLLM and transformers load too. Rounding is `--quant`'s at load. Embedding, head and vectors stay as they are.
 */

import { fail } from "../../base/errors.ts";
import { GGML_TYPES, type GgmlType } from "../../formats/gguf/ggml-types.ts";
import { encodeRows } from "../../formats/quant/rows.ts";
import type { SafetensorsContents } from "../../formats/safetensors/write.ts";
import { decodeWeightValues, type StoredWeight } from "../../formats/stored-weight.ts";
import { moduleOfWeight } from "../hugging-face/weight-names.ts";
import { LOAD_QUANTS } from "../load-quants.ts";
import type { ModelSource } from "../model-source.ts";
import { quantizedSource } from "../quantized-source.ts";
import { type ConvertQuant, floatTypeOf } from "./convert-quant.ts";
import { packConfig } from "./pack-config.ts";
import { packScheme, type PackWeight, weightPacker } from "./packed-weight.ts";
import { hasRopeRows, pairRopeRows } from "./rope-rows.ts";

type Config = Readonly<Record<string, unknown>>;

export interface DirectoryContents {
  /** Fields of config.json that differ from `original`, the source's; `undefined` takes one away. */
  readonly configOver: (original: Config) => Config;
  /** One at a time, so that no more than one weight is in memory. */
  readonly tensors: readonly SafetensorsContents[];
}

/** Throws `invalid_option` and `tensor_type_unsupported` where `quant` asks for what cannot be done. */
export function directoryContents(source: ModelSource, quant: ConvertQuant): DirectoryContents {
  const floats = floatTypeOf(quant);
  const rounding = LOAD_QUANTS.find((known) => known === quant);
  const rounded = rounding === undefined ? source : quantizedSource(source, rounding);
  const pack = weightPacker();
  const weights = source.weightNames.map((name) => {
    if (rounding !== undefined && isInner(name)) requireRoundable(source, name);
    return namedWeight(isInner(name) ? rounded : source, name);
  });
  if (floats === null) requireOneWidth(source, weights);
  return {
    configOver: (original) => (floats === null ? integerConfig(weights) : floatConfig(original, floats)),
    tensors: weights.flatMap((weight) => tensorsOf(source, weight, floats, pack)),
  };
}

interface NamedWeight {
  readonly name: string;
  readonly module: string;
  readonly part: string;
  readonly weight: StoredWeight;
}

/** One that checkpoints quantise, as far as a name tells. */
function isInner(name: string): boolean {
  return name.startsWith("blk.");
}

function isMatrix({ name, weight }: NamedWeight): boolean {
  return isInner(name) && weight.shape.length === 2;
}

function namedWeight(source: ModelSource, name: string): NamedWeight {
  const weight = pairedInHalves(source, name);
  const place = moduleOfWeight(name);
  if (weight === null || place === null) return fail("weight_missing", { tensor: name, expected: "" });
  return { name, weight, ...place };
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

const TORCH_DTYPES: { readonly [Type in GgmlType]?: string } = { F32: "float32", F16: "float16", BF16: "bfloat16" };

/** transformers writes "dtype" from 5 on and reads either; one that stayed would contradict the weights. */
const DTYPE_FIELDS = ["dtype", "torch_dtype"] as const;

function floatConfig(original: Config, type: GgmlType): Config {
  const named = DTYPE_FIELDS.filter((field) => field in original);
  const fields = named.length > 0 ? named : ["torch_dtype"];
  const dtypes = Object.fromEntries(fields.map((field) => [field, TORCH_DTYPES[type]]));
  return { ...dtypes, quantization_config: undefined };
}

/** Nothing where all matrices are floats, as they were. */
function integerConfig(weights: readonly NamedWeight[]): Config {
  const modules = weights.filter(isMatrix).map(({ module, weight }) => ({ module, scheme: packScheme(weight) }));
  const packed = modules.flatMap(({ module, scheme }) => (scheme === null ? [] : [{ module, scheme }]));
  const floats = modules.flatMap(({ module, scheme }) => (scheme === null ? [module] : []));
  return packed.length === 0 ? {} : { quantization_config: packConfig(packed, floats) };
}

/** Readers of the form, this one among them, take one width for all. */
function requireOneWidth(source: ModelSource, weights: readonly NamedWeight[]): void {
  const byBits = new Map<number, string>();
  for (const { name, weight } of weights.filter(isMatrix)) {
    const bits = packScheme(weight)?.bits;
    if (bits !== undefined && !byBits.has(bits)) byBits.set(bits, source.tensorName(name));
  }
  if (byBits.size < 2) return;
  const widths = [...byBits].map(([bits, tensor]) => `${tensor} has ${bits} bits`).join(" and ");
  const problem = `${widths}, and a folder keeps one width; take f16 to write them dequantised.`;
  fail("invalid_option", { option: "--quant", problem });
}

function tensorsOf(
  source: ModelSource,
  named: NamedWeight,
  floats: GgmlType | null,
  pack: PackWeight,
): readonly SafetensorsContents[] {
  const { module, part, weight } = named;
  if (floats === null && isMatrix(named)) {
    if (packScheme(weight) !== null) return pack(module, weight);
    requireFloats(source, named);
  }
  const [rows = 0, columns = 0] = weight.shape;
  const type = floats ?? storedFloat(weight);
  const bytes = (): Uint8Array => encodeRows(GGML_TYPES[type].id, decodeWeightValues(weight));
  const shape = weight.shape.length === 1 ? [rows] : [rows, columns];
  return [{ name: `${module}.${part}`, dtype: type as "F32", shape, data: () => [bytes()] }];
}

/** Of matrices; vectors are not rounded. */
function requireRoundable(source: ModelSource, name: string): void {
  const weight = source.weight(name);
  if (weight === null || weight.shape.length === 1 || isFloat(weight)) return;
  const { encoding } = weight;
  const type = encoding.kind === "ggml" ? encoding.type : encoding.format;
  const hint = "Rounding it again would lose more; take --quant f16 to write it dequantised.";
  fail("tensor_type_unsupported", {
    path: source.path,
    tensor: source.tensorName(name),
    type: `${type} already`,
    hint,
  });
}

/** What is neither floats nor integers in groups has no form in a folder. */
function requireFloats(source: ModelSource, { name, weight }: NamedWeight): void {
  if (isFloat(weight)) return;
  const { encoding, columnOrder } = weight;
  const type = encoding.kind === "ggml" ? encoding.type : encoding.format;
  const what = columnOrder === null ? `is ${type}` : "has its columns in act-order";
  const problem = `${source.tensorName(name)} ${what}, which a folder does not keep; take f16 to write it dequantised.`;
  fail("invalid_option", { option: "--quant", problem });
}

function isFloat({ encoding }: StoredWeight): boolean {
  return encoding.kind === "ggml" && encoding.type in TORCH_DTYPES;
}

/** Embedding, head and vectors of quantised checkpoints are floats; were one not, f32 would lose nothing. */
function storedFloat(weight: StoredWeight): GgmlType {
  return weight.encoding.kind === "ggml" && isFloat(weight) ? weight.encoding.type : "F32";
}
