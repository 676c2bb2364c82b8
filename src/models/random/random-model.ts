/**
 * Writes GGUF files of random weights, for tests and benches. Their output means nothing, and the key
 * `turnwise.random_weights` says so.
 */

import { GGML_TYPES } from "../../formats/gguf/ggml-types.ts";
import { type GgufValue, ggufValue } from "../../formats/gguf/value.ts";
import { type GgufContents, type GgufTensorContents, writeGguf } from "../../formats/gguf/write.ts";
import { encodeRows } from "../../formats/quant/rows.ts";
import type { WriteProgress } from "../../formats/write-file.ts";
import { weightsOf } from "../../graph/graph.ts";
import type { WeightRef } from "../../graph/types.ts";
import { weightKey } from "../../graph/weight-ref.ts";
import { buildGraph } from "../families.ts";
import type { ModelSpec } from "../model-spec.ts";
import { matrixType, type RandomQuant } from "./random-quants.ts";
import { RANDOM_SHAPES, type RandomShape, type RandomShapeName } from "./random-shapes.ts";
import { ROPE_FACTORS_TENSOR } from "../gguf/rope-scaling.ts";
import { specMetadata } from "../gguf/spec-metadata.ts";
import { type RandomTensors, randomNumbers, randomTensors } from "./random-tensor.ts";
import { RANDOM_WEIGHTS_KEY } from "./random-weights-key.ts";
import { randomVocabulary, type RandomVocabulary } from "./random-vocabulary.ts";

export type { RandomQuant };

/** Standard deviation of the logits: a distribution neither flat nor certain. */
const LOGIT_SPREAD = 2.5;

/** Writes the file; the same arguments give the same bytes. Throws `file_unwritable`. */
export function writeRandomModel(
  path: string,
  shape: RandomShapeName,
  quant: RandomQuant,
  seed: number,
  onProgress?: WriteProgress,
): void {
  writeGguf(path, randomModel(shape, quant, seed), onProgress);
}

/** The same as contents, for `ggufBytes`. */
export function randomModel(shapeName: RandomShapeName, quant: RandomQuant, seed: number): GgufContents {
  const shape: RandomShape = RANDOM_SHAPES[shapeName];
  const vocabulary = randomVocabulary(shape.vocabSize);
  const spec = specOf(shape, vocabulary.size);
  return {
    metadata: metadataOf(spec, vocabulary),
    tensors: tensorsOf(spec, shape.ropeFactors, quant, seed),
  };
}

/** The model's graph, and how each matrix would be stored, without any weights. */
export function randomModelGraph(shapeName: RandomShapeName, quant: RandomQuant) {
  const shape: RandomShape = RANDOM_SHAPES[shapeName];
  const spec = specOf(shape, randomVocabulary(shape.vocabSize).size);
  return {
    graph: buildGraph(spec),
    typeOf: (ref: WeightRef) => matrixType(quant, ref, spec.layers, spec.tiedHead),
  };
}

function specOf(shape: RandomShape, vocabSize: number): ModelSpec {
  return {
    ...shape,
    name: "turnwise-random",
    vocabSize,
    // The file has the divisors as a tensor; which ones is all the same to the graph's shapes.
    rope: { theta: shape.theta, scaling: { kind: "none" } },
  };
}

function metadataOf(spec: ModelSpec, vocabulary: RandomVocabulary): readonly (readonly [string, GgufValue])[] {
  return [...specMetadata(spec), [RANDOM_WEIGHTS_KEY, ggufValue.bool(true)], ...vocabulary.metadata];
}

/** What the graph asks for is what the file holds. */
function tensorsOf(
  spec: ModelSpec,
  ropeFactors: Float32Array | null,
  quant: RandomQuant,
  seed: number,
): readonly GgufTensorContents[] {
  const graph = buildGraph(spec);
  const refs = new Map(graph.nodes.flatMap((node) => weightsOf(node).map(([, ref]) => [weightKey(ref), ref] as const)));
  const held = [...refs.values()].filter((ref) => !graph.constants.has(ref.tensor));
  const random = randomNumbers(seed);
  const pools = randomTensors(seed, Math.max(...held.map((ref) => ref.rows * ref.columns)));
  const tensors = held.map((ref) =>
    ref.kind === "vector" ? vectorTensor(ref, random) : matrixTensor(ref, spec, quant, pools),
  );
  return ropeFactors === null ? tensors : [...tensors, f32Tensor(ROPE_FACTORS_TENSOR, ropeFactors)];
}

function matrixTensor(ref: WeightRef, spec: ModelSpec, quant: RandomQuant, pools: RandomTensors): GgufTensorContents {
  const { tensor, rows, columns } = ref;
  const type = matrixType(quant, ref, spec.layers, spec.tiedHead);
  return { name: tensor, type, shape: [columns, rows], data: pools.fill(type, rows * columns, spreadOf(ref, spec)) };
}

/**
 * Rows of a matrix keep the spread of what they multiply; the projections back into the residual stream
 * add up over all blocks to about one; the head gives logits of LOGIT_SPREAD.
 */
function spreadOf({ tensor, columns }: WeightRef, spec: ModelSpec): number {
  if (tensor === "output.weight") return LOGIT_SPREAD / Math.sqrt(columns);
  if (tensor === "token_embd.weight") return spec.tiedHead ? LOGIT_SPREAD / Math.sqrt(columns) : 1;
  const intoResidual = /\.(?:attn_output|ffn_down)\.weight$/.test(tensor);
  return (intoResidual ? 1 / Math.sqrt(2 * spec.layers) : 1) / Math.sqrt(columns);
}

/** Norm weights around 1, biases around 0. */
function vectorTensor({ tensor, columns }: WeightRef, random: () => number): GgufTensorContents {
  const center = tensor.endsWith(".bias") ? 0 : 1;
  return f32Tensor(
    tensor,
    Float32Array.from({ length: columns }, () => center + 0.5 * (random() - 0.5)),
  );
}

function f32Tensor(name: string, values: Float32Array): GgufTensorContents {
  return { name, type: "F32", shape: [values.length], data: encodeRows(GGML_TYPES.F32.id, values) };
}
