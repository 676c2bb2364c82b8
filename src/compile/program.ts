/**
 * A compiled model: a flat list of instructions over one arena, a weight table and the KV pages.
 * This file is the ABI between the compiler and whatever executes; `native/program/program.h` mirrors it, and
 * `encodeProgram` turns it into the Int32Array that crosses.
 */

import type { KvType, ValueType } from "../base/dtypes.ts";
import type { WeightFormat } from "../base/weight-formats.ts";
import type { ColumnOrder, KvGroup, RowDim, RowOrder } from "../graph/types.ts";

/** Changes whenever the encoding or the meaning of an instruction does. */
export const PROGRAM_VERSION = 4;

/**
 * A value's place in the arena: row r begins at offset + r * rowBytes, both multiples of 64.
 * A `q8a` row holds `columns` int8, then columns/32 f32 scales, then columns/16 int16 sums, each part
 * beginning at a multiple of 4 bytes (columns is a multiple of 32).
 */
export interface BufferSpec {
  readonly name: string;
  readonly offset: number;
  readonly rowBytes: number;
  readonly rows: RowDim;
  readonly columns: number;
  readonly type: ValueType;
}

/** A matrix that the weight store packs from a tensor of the file. */
export interface MatrixSpec {
  readonly kind: "matrix";
  readonly tensor: string;
  readonly rows: number;
  readonly columns: number;
  readonly rowOrder: RowOrder;
  readonly columnOrder: ColumnOrder;
  readonly format: WeightFormat;
}

/** A vector of f32: norm weights, biases, RoPE frequencies, orders of columns. `values` is set where no tensor holds it. */
export interface VectorSpec {
  readonly kind: "vector";
  readonly tensor: string;
  readonly length: number;
  readonly rowOrder: RowOrder;
  readonly values: Float32Array | null;
}

export type WeightSpec = MatrixSpec | VectorSpec;

/**
 * Fields of each instruction, in encoding order. `buffer` and `weight` are indices into the tables,
 * `optionalWeight` may be -1, `int` is a plain integer, `float` an f32 stored by its bits.
 *
 * - embed: out[t] = row tokens[t] of `weight`, as f32.
 * - rope_table: out[t] = cos then sin of positions[t] * frequencies[i], i < headDim / 2 (computed in
 *   f64 from the f32 product, rounded to f32).
 * - rms_norm: out = x / sqrt(mean(x^2) + epsilon) * weight, by each of `groups` equal parts of a row;
 *   out is f32 or q8a.
 * - quantize: q8a of an f32 value, column order[i] of it as column i where there is an `order`.
 * - linear: out = x W^T (+ bias). x has the operand type of the weight's format.
 * - linear_add: out = x W^T (+ bias) + residual; `out` and `residual` may be one buffer.
 * - linear_swiglu: out = silu(x G^T) * (x U^T); out is f32 or q8a.
 * - linear_qkv: projects q, k, v; norms each head of q and k (as rms_norm) where there are weights for
 *   it; rotates q and k by the table (pairs i, i + headDim / 2); writes q as f32, and k and v to the
 *   pages of `layer`.
 * - rope, kv_store, swiglu, add: the same parts unfused.
 * - attend: partial or whole attention of every row over its sequence's pages, split every
 *   NATIVE_LIMITS.attentionSplitTokens positions; `out` is f32 [tokens, heads * headDim].
 * - attend_reduce: folds the splits of `attend` in index order into `x`, and writes `out` (q8a, or the
 *   same f32 buffer).
 * - gather_rows: out[i] = x[logitRows[i]].
 */
export const INSTRUCTION_FIELDS = {
  embed: { weight: "weight", out: "buffer" },
  rope_table: { frequencies: "weight", out: "buffer" },
  rms_norm: { x: "buffer", weight: "weight", out: "buffer", epsilon: "float", groups: "int" },
  quantize: { x: "buffer", order: "optionalWeight", out: "buffer" },
  linear: { x: "buffer", weight: "weight", bias: "optionalWeight", out: "buffer" },
  linear_add: { x: "buffer", weight: "weight", bias: "optionalWeight", residual: "buffer", out: "buffer" },
  linear_swiglu: { x: "buffer", gate: "weight", up: "weight", out: "buffer" },
  linear_qkv: {
    x: "buffer",
    q: "weight",
    k: "weight",
    v: "weight",
    qBias: "optionalWeight",
    kBias: "optionalWeight",
    vBias: "optionalWeight",
    qNorm: "optionalWeight",
    kNorm: "optionalWeight",
    ropeTable: "buffer",
    out: "buffer",
    layer: "int",
    epsilon: "float",
  },
  rope: { x: "buffer", table: "buffer", out: "buffer", heads: "int" },
  kv_store: { k: "buffer", v: "buffer", layer: "int" },
  attend: { q: "buffer", out: "buffer", layer: "int", heads: "int", scale: "float" },
  attend_reduce: { x: "buffer", out: "buffer", heads: "int" },
  swiglu: { gate: "buffer", up: "buffer", out: "buffer" },
  add: { a: "buffer", b: "buffer", out: "buffer" },
  gather_rows: { x: "buffer", out: "buffer" },
} as const satisfies Record<string, Record<string, FieldKind>>;

export type FieldKind = "buffer" | "weight" | "optionalWeight" | "int" | "float";
export type InstructionName = keyof typeof INSTRUCTION_FIELDS;

/** Opcodes are positions in this list; order is part of the ABI. */
export const OPCODES = Object.keys(INSTRUCTION_FIELDS) as readonly InstructionName[];

/** One instruction; those of one stage may run at the same time, a barrier stands between stages. */
export type Instruction = {
  readonly [Name in InstructionName]: {
    readonly kind: Name;
    readonly stage: number;
  } & { readonly [Field in keyof (typeof INSTRUCTION_FIELDS)[Name]]: number };
}[InstructionName];

export interface Program {
  readonly maxTokens: number;
  readonly maxLogitRows: number;
  readonly arenaBytes: number;
  readonly vocabSize: number;
  readonly kv: KvGroup & { readonly type: KvType; readonly pageTokens: number };
  readonly buffers: readonly BufferSpec[];
  readonly weights: readonly WeightSpec[];
  readonly instructions: readonly Instruction[];
  /** Buffer that holds the logits, f32 [logitRows, vocabSize]. */
  readonly logits: number;
}
