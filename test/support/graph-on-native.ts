/**
 * Runs one small graph twice: by the interpreter, and by the native core through a program that is
 * lowered here in the plainest way (a stage for each instruction, a place of its own for each value).
 * So that a native op is tested against its reference without the compiler between them.
 */

import type { GgmlType } from "../../src/formats/gguf/ggml-types.ts";
import { GGML_TYPES } from "../../src/formats/gguf/ggml-types.ts";
import { decodeRows, encodeRows } from "../../src/formats/quant/rows.ts";
import type { KvType } from "../../src/base/dtypes.ts";
import { alignUp } from "../../src/base/bytes.ts";
import { type WeightFormat, operandOf } from "../../src/base/weight-formats.ts";
import { rowBytes } from "../../src/compile/plan-buffers.ts";
import { weightFormatOf } from "../../src/compile/weight-formats.ts";
import type { DecodableType } from "../../src/formats/quant/decodable-types.ts";
import { at, invariant } from "../../src/base/invariant.ts";
import {
  type BufferSpec,
  INSTRUCTION_FIELDS,
  type Instruction,
  type InstructionName,
  type Program,
  type WeightSpec,
} from "../../src/compile/program.ts";
import type { Executor, ExecutorLimits, StepBatch } from "../../src/graph/executor.ts";
import { type Graph, weightsOf } from "../../src/graph/graph.ts";
import { InterpreterExecutor } from "../../src/graph/interpreter/interpreter-executor.ts";
import { type Node, opOf } from "../../src/graph/ops/table.ts";
import type { WeightRef } from "../../src/graph/types.ts";
import { sourceRow, weightKey } from "../../src/graph/weight-ref.ts";
import { createNativeExecutor, type NativeExecutor } from "../../src/native/executor.ts";

/** A tensor of the file: what type stores it, and its bytes. */
export interface TestTensor {
  readonly type: GgmlType;
  readonly bytes: Uint8Array;
}

export type TestTensors = ReadonlyMap<string, TestTensor>;

export interface GraphSetup {
  readonly graph: Graph;
  readonly tensors: TestTensors;
  readonly limits: ExecutorLimits;
  readonly kvType: KvType;
}

const formatOf = (type: GgmlType): WeightFormat =>
  weightFormatOf({ encoding: { kind: "ggml", type }, columnOrder: null }, "own");

/** The least number of columns that is a whole number of the type's blocks and at least `columns`. */
export function wholeBlocks(type: DecodableType, columns: number): number {
  return alignUp(columns, GGML_TYPES[type].blockElements);
}

/** Whether weights of this type are multiplied with integers. */
export function isIntegerType(type: DecodableType): boolean {
  return operandOf(formatOf(type)) === "q8a";
}

export function testTensor(type: DecodableType, values: Float32Array): TestTensor {
  return { type, bytes: encodeRows(GGML_TYPES[type].id, values) };
}

export function nativeOf(
  setup: GraphSetup,
  options: { readonly threads: number; readonly isa?: string },
): NativeExecutor {
  return createNativeExecutor({
    program: plainProgram(setup),
    weightBytes: ({ tensor }) => ({
      bytes: tensorNamed(setup.tensors, tensor).bytes,
      ggmlType: GGML_TYPES[tensorNamed(setup.tensors, tensor).type].id,
    }),
    pages: setup.limits.pages,
    ...options,
  });
}

export function interpreterOf({ graph, tensors, limits, kvType }: GraphSetup): Executor {
  // Decoded once, not in every step that reads them.
  const decoded = new Map<string, Float32Array>();
  const weight = (ref: WeightRef): Float32Array => {
    const values = decoded.get(weightKey(ref)) ?? decodedTensor(ref, tensorNamed(tensors, ref.tensor));
    decoded.set(weightKey(ref), values);
    return values;
  };
  return new InterpreterExecutor({ graph, limits, kvType, weights: { matrix: weight, vector: weight } });
}

/** The weight's values, its rows in the order that the graph wants. */
function decodedTensor(ref: WeightRef, { type, bytes }: TestTensor): Float32Array {
  const values = decodeRows(GGML_TYPES[type].id, bytes, ref.rows * ref.columns);
  const width = ref.kind === "matrix" ? ref.columns : 1;
  const ordered = new Float32Array(values.length);
  for (let row = 0; row < values.length / width; row += 1) {
    const from = sourceRow(ref.rowOrder, row) * width;
    ordered.set(values.subarray(from, from + width), row * width);
  }
  return ordered;
}

/** All logits rows of one step, one after the other. */
export function stepLogits(executor: Executor, batch: StepBatch): Float32Array {
  executor.step(batch);
  const rows = Array.from(batch.logitRows, (_, row) => {
    const logits = new Float32Array(executor.vocabSize);
    executor.readLogits(row, logits);
    return logits;
  });
  const all = new Float32Array(rows.length * executor.vocabSize);
  for (const [row, logits] of rows.entries()) all.set(logits, row * executor.vocabSize);
  return all;
}

function tensorNamed(tensors: TestTensors, name: string): TestTensor {
  const tensor = tensors.get(name);
  invariant(tensor !== undefined, `the test has a tensor ${name}`);
  return tensor;
}

/** The program of a graph, one instruction a stage. */
export function plainProgram({ graph, tensors, limits, kvType }: GraphSetup): Program {
  const lowering = new PlainLowering(graph, tensors, limits);
  for (const node of graph.nodes) lowering.add(node);
  return {
    maxTokens: limits.maxTokens,
    maxLogitRows: limits.maxLogitRows,
    arenaBytes: lowering.arenaBytes,
    vocabSize: at(graph.values, graph.output).columns,
    kv: { ...graph.kv, type: kvType, pageTokens: limits.pageTokens },
    buffers: lowering.buffers,
    weights: [...lowering.weights.values()].map(({ spec }) => spec),
    instructions: lowering.instructions,
    logits: graph.output,
  };
}

class PlainLowering {
  readonly buffers: BufferSpec[] = [];
  readonly weights = new Map<string, { readonly index: number; readonly spec: WeightSpec }>();
  readonly instructions: Instruction[] = [];
  arenaBytes = 0;
  readonly #graph: Graph;
  readonly #tensors: TestTensors;
  readonly #limits: ExecutorLimits;

  constructor(graph: Graph, tensors: TestTensors, limits: ExecutorLimits) {
    this.#graph = graph;
    this.#tensors = tensors;
    this.#limits = limits;
    // Buffer i is value i; those of steps between two kernels follow.
    for (const value of graph.values) this.#addBuffer(value);
  }

  add(node: Node): void {
    for (const [, ref] of weightsOf(node)) this.#addWeight(ref);
    const { kernels } = opOf(node);
    let between: number | undefined;
    for (const [index, kernel] of kernels.entries()) {
      const isLast = index === kernels.length - 1;
      const out = isLast ? (node.out ?? -1) : this.#intermediate(node);
      this.#addInstruction(kernel as InstructionName, node, out, between);
      between = out;
    }
  }

  /** Where a kernel leaves what the next one finishes: the result itself, or an f32 value like it. */
  #intermediate(node: Node): number {
    const result = at(this.#graph.values, node.out ?? -1);
    return result.type === "f32"
      ? (node.out ?? -1)
      : this.#addBuffer({ ...result, name: `${node.name}.f32`, type: "f32" });
  }

  #addInstruction(kernel: InstructionName, node: Node, out: number, between: number | undefined): void {
    const inputs: Readonly<Record<string, number>> = node.inputs;
    const attributes: Readonly<Record<string, number | string>> = node.attributes;
    const weights = new Map(weightsOf(node));
    const values = Object.entries(INSTRUCTION_FIELDS[kernel]).map(([field, kind]) => {
      if (field === "out") return [field, out];
      if (kind === "buffer") return [field, between !== undefined && field === "x" ? between : inputs[field]];
      if (kind === "weight" || kind === "optionalWeight") {
        const ref = weights.get(field);
        return [field, ref === undefined ? -1 : this.#addWeight(ref)];
      }
      return [field, attributes[field]];
    });
    const instruction: unknown = { kind: kernel, stage: this.instructions.length, ...Object.fromEntries(values) };
    this.instructions.push(instruction as Instruction);
  }

  #addBuffer({ name, rows, columns, type }: Omit<BufferSpec, "offset" | "rowBytes">): number {
    const bytes = rowBytes({ type, columns });
    const offset = this.arenaBytes;
    this.arenaBytes += bytes * (rows === "tokens" ? this.#limits.maxTokens : this.#limits.maxLogitRows);
    return this.buffers.push({ name, offset, rowBytes: bytes, rows, columns, type }) - 1;
  }

  #addWeight(ref: WeightRef): number {
    const key = weightKey(ref);
    const known = this.weights.get(key);
    if (known !== undefined) return known.index;
    const index = this.weights.size;
    this.weights.set(key, { index, spec: this.#specOf(ref) });
    return index;
  }

  #specOf({ kind, tensor, rows, columns, rowOrder, columnOrder }: WeightRef): WeightSpec {
    const values = this.#graph.constants.get(tensor) ?? null;
    if (kind === "vector") return { kind, tensor, length: columns, rowOrder, values };
    const format = formatOf(tensorNamed(this.#tensors, tensor).type);
    return { kind, tensor, rows, columns, rowOrder, columnOrder, format };
  }
}
