/**
 * Any model source as the contents of a GGUF file that llama.cpp loads too. Of a GGUF source the metadata
 * stays as it is, but for what described its types and parts.
 */

import { basename, resolve } from "node:path";
import { fail } from "../../base/errors.ts";
import { GGML_TYPES, type GgmlType } from "../../formats/gguf/ggml-types.ts";
import type { GgufModel } from "../../formats/gguf/model.ts";
import { ggufValue } from "../../formats/gguf/value.ts";
import type { GgufContents, GgufTensorContents } from "../../formats/gguf/write.ts";
import { encodeRows } from "../../formats/quant/rows.ts";
import { decodeWeightValues, type StoredWeight } from "../../formats/stored-weight.ts";
import { ggufRopePairing } from "../families.ts";
import { ROPE_FACTORS_TENSOR } from "../gguf/rope-scaling.ts";
import { type MetadataEntry, specMetadata } from "../gguf/spec-metadata.ts";
import { vocabularyMetadata } from "../gguf/vocabulary-metadata.ts";
import type { ModelSource } from "../model-source.ts";
import type { ModelSpec } from "../model-spec.ts";
import { LOAD_QUANTS } from "../load-quants.ts";
import { quantizedSource } from "../quantized-source.ts";
import { type ConvertQuant, floatTypeOf } from "./convert-quant.ts";
import { packScheme } from "./packed-weight.ts";
import { hasRopeRows, pairRopeRows } from "./rope-rows.ts";

/**
 * `file` is what `source` was made of where that is a GGUF file. Throws `tokenizer_unsupported`,
 * `tensor_type_unsupported` and `invalid_option` for what such a file cannot hold.
 */
export function ggufContents(source: ModelSource, file: GgufModel | null, quant: ConvertQuant): GgufContents {
  if (quant === "q4-g128") {
    fail("invalid_option", {
      option: "--quant",
      problem: "GGUF has no groups of 128; take q4-g32, or write a folder.",
    });
  }
  const spec = source.spec();
  const floats = floatTypeOf(quant);
  const rounding = LOAD_QUANTS.find((known) => known === quant);
  const from = rounding === undefined ? source : quantizedSource(source, rounding);
  const tensors = source.weightNames.map((name) => tensorOf(from, name, floats, spec));
  return {
    metadata: [
      ...(file === null ? sourceMetadata(source, spec) : fileMetadata(file)),
      ["general.file_type", ggufValue.uint32(fileType(tensors))],
      ["general.quantization_version", ggufValue.uint32(2)],
    ],
    tensors: [...tensors, ...(file === null ? ropeFactors(spec) : otherTensors(file, source.weightNames))],
  };
}

function sourceMetadata(source: ModelSource, spec: ModelSpec): readonly MetadataEntry[] {
  const template = source.chatTemplate;
  return [
    // A directory has no name but its own.
    ...specMetadata({ ...spec, name: source.name ?? basename(resolve(source.path)) }),
    ...vocabularyMetadata(source.vocabulary()),
    ...(template === null ? [] : [["tokenizer.chat_template", ggufValue.string(template)] as const]),
  ];
}

/** Keys that say how the file is stored. */
const STORAGE_KEY = /^(?:split\.|general\.(?:file_type|quantization_version|alignment)$)/;

function fileMetadata(file: GgufModel): readonly MetadataEntry[] {
  return [...file.metadata.entries()].filter(([key]) => !STORAGE_KEY.test(key));
}

/** Tensors that a spec is read from and no graph uses. */
function otherTensors(file: GgufModel, weightNames: readonly string[]): readonly GgufTensorContents[] {
  const used = new Set(weightNames);
  const others = [...file.tensors.values()].filter(({ name }) => !used.has(name));
  return others.map((tensor) => ({ ...tensor, data: () => [tensor.view()] }));
}

function ropeFactors({ rope: { scaling } }: ModelSpec): readonly GgufTensorContents[] {
  if (scaling.kind !== "factors") return [];
  const { factors } = scaling;
  const data = encodeRows(GGML_TYPES.F32.id, factors);
  return [{ name: ROPE_FACTORS_TENSOR, type: "F32", shape: [factors.length], data }];
}

/** Files of some families pair neighbours in RoPE, checkpoints always the halves of a head. */
function tensorOf(source: ModelSource, name: string, floats: GgmlType | null, spec: ModelSpec): GgufTensorContents {
  const weight = source.weight(name);
  if (weight === null) return fail("weight_missing", { tensor: source.tensorName(name), expected: "" });
  const type = typeOf(source, name, weight, floats);
  const [rows = 1] = weight.shape;
  const pairing = ggufRopePairing(spec.architecture);
  const isTurned = hasRopeRows(name) && spec.ropePairing !== pairing;
  const data = (): Uint8Array => {
    const bytes = bytesIn(weight, type);
    return isTurned ? pairRopeRows(bytes, rows, spec.headDim, pairing) : bytes;
  };
  return { name, type, shape: weight.shape.toReversed(), data: () => [data()] };
}

/** Vectors are f32 in all files; llama.cpp takes no others. */
function typeOf(source: ModelSource, name: string, weight: StoredWeight, floats: GgmlType | null) {
  const { encoding, shape } = weight;
  if (shape.length === 1) return "F32";
  if (floats !== null) return floats;
  if (encoding.kind === "ggml") return encoding.type;
  return fail("tensor_type_unsupported", {
    path: source.path,
    tensor: source.tensorName(name),
    type: `${encoding.format} in a GGUF file`,
    hint: `Take --quant f16 to write it dequantised${packScheme(weight) === null ? "" : ", or a folder, which keeps it as it is"}.`,
  });
}

function bytesIn(weight: StoredWeight, type: GgmlType): Uint8Array {
  const [data] = weight.parts;
  const isStoredSo = weight.encoding.kind === "ggml" && weight.encoding.type === type && weight.columnOrder === null;
  if (isStoredSo && data !== undefined) return data.view();
  return encodeRows(GGML_TYPES[type].id, decodeWeightValues(weight));
}

/** llama.cpp's number for what most of the file's matrices are. Source: llama.h, enum llama_ftype. */
const FILE_TYPES: { readonly [Type in GgmlType]?: number } = {
  F32: 0,
  F16: 1,
  Q4_0: 2,
  Q4_1: 3,
  Q8_0: 7,
  Q5_0: 8,
  Q5_1: 9,
  Q2_K: 10,
  Q3_K: 12,
  Q4_K: 15,
  Q5_K: 17,
  Q6_K: 18,
  IQ4_NL: 25,
  IQ4_XS: 30,
  BF16: 32,
};

/** Where a type has no number: "guessed", as llama.cpp calls it. */
const GUESSED = 1024;

function fileType(tensors: readonly GgufTensorContents[]): number {
  const counts = new Map<GgmlType, number>();
  for (const { type, shape } of tensors) {
    if (shape.length > 1) counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  const [most] = [...counts].toSorted(([, a], [, b]) => b - a);
  return (most === undefined ? undefined : FILE_TYPES[most[0]]) ?? GUESSED;
}
