/**
 * A Program as the Int32Array that crosses to the native core. Layout, in 32-bit words:
 * header (16), buffers (8 each), weights (4 each), instructions (16 each). Unused words are 0.
 * `native/program/program.h` reads the same layout and validates it again.
 */

import type { KvType, ValueType } from "../base/dtypes.ts";
import { invariant } from "../base/invariant.ts";
import { WEIGHT_FORMAT_CODES } from "../base/weight-formats.ts";
import type { RowDim } from "../graph/types.ts";
import {
  type BufferSpec,
  INSTRUCTION_FIELDS,
  type Instruction,
  OPCODES,
  PROGRAM_VERSION,
  type Program,
  type WeightSpec,
} from "./program.ts";

/** "TWP1", little-endian. */
export const PROGRAM_MAGIC = 0x31505754;
export const HEADER_WORDS = 16;
export const BUFFER_WORDS = 8;
export const WEIGHT_WORDS = 4;
export const INSTRUCTION_WORDS = 16;

/** Codes are positions; order is part of the ABI. */
export const KV_TYPE_CODES = ["f32", "f16", "int8"] as const satisfies readonly KvType[];
export const VALUE_TYPE_CODES = ["f32", "i32", "q8a"] as const satisfies readonly ValueType[];
export const ROW_DIM_CODES = ["tokens", "logitRows"] as const satisfies readonly RowDim[];

/** Encodes `program`; sizes must fit in 53 bits, every other field in 31. */
export function encodeProgram(program: Program): Int32Array {
  const { buffers, weights, instructions, kv } = program;
  const words = new Int32Array(
    HEADER_WORDS +
      buffers.length * BUFFER_WORDS +
      weights.length * WEIGHT_WORDS +
      instructions.length * INSTRUCTION_WORDS,
  );
  words.set([
    PROGRAM_MAGIC,
    PROGRAM_VERSION,
    program.maxTokens,
    program.maxLogitRows,
    program.vocabSize,
    program.logits,
    kv.layers,
    kv.kvHeads,
    kv.headDim,
    KV_TYPE_CODES.indexOf(kv.type),
    kv.pageTokens,
    buffers.length,
    weights.length,
    instructions.length,
    ...split64(program.arenaBytes),
  ]);
  let at = HEADER_WORDS;
  for (const buffer of buffers) {
    words.set(encodeBuffer(buffer), at);
    at += BUFFER_WORDS;
  }
  for (const weight of weights) {
    words.set(encodeWeight(weight), at);
    at += WEIGHT_WORDS;
  }
  for (const instruction of instructions) {
    words.set(encodeInstruction(instruction), at);
    at += INSTRUCTION_WORDS;
  }
  return words;
}

function encodeBuffer(buffer: BufferSpec): number[] {
  return [
    ...split64(buffer.offset),
    buffer.rowBytes,
    ROW_DIM_CODES.indexOf(buffer.rows),
    buffer.columns,
    VALUE_TYPE_CODES.indexOf(buffer.type),
  ];
}

function encodeWeight(weight: WeightSpec): number[] {
  return weight.kind === "matrix"
    ? [0, weight.rows, weight.columns, WEIGHT_FORMAT_CODES.indexOf(weight.format)]
    : [1, 1, weight.length, 0];
}

function encodeInstruction(instruction: Instruction): number[] {
  const words = [OPCODES.indexOf(instruction.kind), instruction.stage];
  const values = instruction as unknown as Readonly<Record<string, number>>;
  for (const [field, kind] of Object.entries(INSTRUCTION_FIELDS[instruction.kind])) {
    const value = values[field];
    invariant(value !== undefined, `${instruction.kind} has no ${field}`);
    words.push(kind === "float" ? floatBits(value) : value);
  }
  invariant(words.length <= INSTRUCTION_WORDS, `${instruction.kind} has too many fields`);
  return words;
}

function split64(value: number): [low: number, high: number] {
  invariant(Number.isSafeInteger(value) && value >= 0, "a size is a non-negative safe integer");
  return [(value % 2 ** 32) | 0, Math.floor(value / 2 ** 32)];
}

const scratch = new DataView(new ArrayBuffer(4));
function floatBits(value: number): number {
  scratch.setFloat32(0, value, true);
  return scratch.getInt32(0, true);
}
