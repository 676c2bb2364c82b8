/** What config.json, or quantize_config.json of older checkpoints, says of how the weights were quantised. */

import { fail } from "../../base/errors.ts";
import type { SafetensorsTensor } from "../../formats/safetensors/model.ts";
import type { JsonFields } from "./json-file.ts";
import { FLOAT_DTYPES } from "./tensor-reader.ts";

export interface GptqQuantization {
  readonly method: "gptq";
  readonly bits: 4 | 8;
  /** Null where a group is a whole row. */
  readonly groupColumns: number | null;
  /** Columns belong to groups in another order than they lie in, which each weight's `g_idx` tells. */
  readonly actOrder: boolean;
  readonly version: 1 | 2;
}

/** Of compressed-tensors' weights: how many of them share a scale. Groups are of consecutive columns of a row. */
export type ScaleReach =
  | { readonly kind: "tensor" }
  | { readonly kind: "channel" }
  | { readonly kind: "group"; readonly columns: number }
  /** Older files do not say, and their scales' shape does. */
  | { readonly kind: "any" };

export interface CompressedScheme {
  readonly reach: ScaleReach;
  /** Without zero points. */
  readonly symmetric: boolean;
}

export interface CompressedQuantization {
  readonly method: "compressed-tensors";
  /** Of each packed weight; plain int8 says so itself. */
  readonly bits: 4 | 8;
  /** Of the groups of modules, each once. */
  readonly schemes: readonly CompressedScheme[];
}

export type Quantization =
  | { readonly method: "none" }
  | GptqQuantization
  /** `groupColumns` as above. */
  | { readonly method: "awq"; readonly groupColumns: number | null }
  | CompressedQuantization;

const ACCEPTED =
  "Accepted: GPTQ of 4 or 8 bits, AWQ of 4 bits in the gemm layout, and compressed-tensors in pack-quantized or int-quantized integers.";

/**
 * `older` is quantize_config.json. Throws `model_feature_unsupported` for any other method, with the first of `tensors`
 * that is not of floats, and `metadata_invalid`.
 */
export function readQuantization(
  config: JsonFields,
  older: JsonFields | null,
  tensors: Iterable<Pick<SafetensorsTensor, "name" | "dtype">> = [],
): Quantization {
  const fields = config.findObject("quantization_config") ?? older;
  if (fields === null) return { method: "none" };
  // quantize_config.json is GPTQ's alone.
  const method = fields.findString("quant_method") ?? "gptq";
  switch (method) {
    case "gptq":
    case "gptqmodel":
      return readGptq(fields);
    case "awq":
      return readAwq(fields);
    case "compressed-tensors":
      return readCompressedTensors(fields);
    default:
      return refuse(`quantisation by ${method}${exampleOf(tensors)}`);
  }
}

/** " (as model.layers.0.mlp.up_proj.weight is, in F8_E4M3)". */
function exampleOf(tensors: Iterable<Pick<SafetensorsTensor, "name" | "dtype">>): string {
  for (const { name, dtype } of tensors) {
    if (!FLOAT_DTYPES.some((float) => float === dtype)) return ` (as ${name} is, in ${dtype})`;
  }
  return "";
}

function readGptq(fields: JsonFields): Quantization {
  const bits = fields.findInteger("bits") ?? fields.missing("bits");
  if (bits !== 4 && bits !== 8) return refuse(`GPTQ of ${bits} bits`);
  const format = fields.findString("checkpoint_format") ?? "gptq";
  if (format !== "gptq" && format !== "gptq_v2") return refuse(`GPTQ in the format ${format}`);
  const groupColumns = readGroup(fields, "group_size");
  refuseOverrides(fields, { bits, group_size: groupColumns ?? -1 });
  return {
    method: "gptq",
    bits,
    groupColumns,
    actOrder: fields.findBool("desc_act") ?? false,
    version: format === "gptq" ? 1 : 2,
  };
}

/**
 * GPTQModel's `dynamic`: settings of the modules that a pattern matches. One with "-:" before it says which modules
 * are not quantised, and those are seen by their tensors.
 */
function refuseOverrides(fields: JsonFields, settings: Readonly<Record<"bits" | "group_size", number>>): void {
  const dynamic = fields.findObject("dynamic");
  for (const [pattern, rule] of dynamic?.objectsByName() ?? []) {
    if (pattern.startsWith("-:")) continue;
    for (const name of ["bits", "group_size"] as const) {
      const own = rule.findInteger(name) ?? settings[name];
      if (own === settings[name]) continue;
      refuse(`GPTQ of several widths: ${name} ${own} by "dynamic" for ${pattern}, ${settings[name]} for the rest`);
    }
  }
}

function readAwq(fields: JsonFields): Quantization {
  const bits = fields.findInteger("bits") ?? fields.findInteger("w_bit") ?? 4;
  if (bits !== 4) return refuse(`AWQ of ${bits} bits`);
  const version = (fields.findString("version") ?? "gemm").toLowerCase();
  if (version !== "gemm") return refuse(`AWQ in the ${version} layout`);
  if (fields.findBool("zero_point") === false) return refuse("AWQ without zero points");
  return { method: "awq", groupColumns: readGroup(fields, fields.has("group_size") ? "group_size" : "q_group_size") };
}

function readGroup(fields: JsonFields, name: string): number | null {
  const size = fields.findInteger(name) ?? 128;
  if (size === -1) return null;
  return size >= 1 ? size : fields.invalid(name, `it is ${size}; -1 or a size above 0 is accepted`);
}

/** All groups of modules must be integers of one width; their scales may reach differently far. */
function readCompressedTensors(fields: JsonFields): Quantization {
  const format = fields.findString("format") ?? "pack-quantized";
  if (format !== "pack-quantized" && format !== "int-quantized" && format !== "naive-quantized") {
    return refuse(`compressed-tensors in the format ${format}`);
  }
  const groups = fields.findObject("config_groups")?.objectsByName() ?? [];
  const weights = groups.map(([, group]) => group.findObject("weights") ?? group.missing("weights"));
  const widths = new Set(weights.map(weightBits));
  const [bits = 8] = widths;
  if (widths.size > 1) return refuse("compressed-tensors of several widths");
  const schemes = new Map(weights.map(readScheme).map((scheme) => [JSON.stringify(scheme), scheme]));
  return { method: "compressed-tensors", bits, schemes: [...schemes.values()] };
}

function weightBits(weights: JsonFields): 4 | 8 {
  const bits = weights.findInteger("num_bits") ?? 8;
  const type = weights.findString("type") ?? "int";
  if (type !== "int" || (bits !== 4 && bits !== 8)) return refuse(`compressed-tensors of ${bits}-bit ${type} weights`);
  return bits;
}

function readScheme(weights: JsonFields): CompressedScheme {
  return { reach: readReach(weights), symmetric: weights.findBool("symmetric") ?? true };
}

/** Source: compressed-tensors, `QuantizationArgs`, where the group size stands for a strategy that is not named. */
function readReach(weights: JsonFields): ScaleReach {
  const size = weights.findInteger("group_size");
  const named = weights.findString("strategy")?.toLowerCase();
  if (named === undefined && size === undefined) return { kind: "any" };
  const strategy = named ?? (size === -1 ? "channel" : "group");
  switch (strategy) {
    case "group":
      if (size === undefined) return weights.missing("group_size");
      return size >= 1
        ? { kind: "group", columns: size }
        : weights.invalid("group_size", `it is ${size}; a size above 0 is accepted with the strategy group`);
    case "tensor":
    case "channel":
      return size === undefined || size === -1
        ? { kind: strategy }
        : weights.invalid("group_size", `it is ${size}; -1 or null is accepted with the strategy ${strategy}`);
    default:
      return refuse(`compressed-tensors of weights by the strategy ${strategy}`);
  }
}

function refuse(feature: string): never {
  return fail("model_feature_unsupported", { feature, hint: ACCEPTED });
}
