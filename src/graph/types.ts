/**
 * The IR: one graph per model, in the order of execution, with symbolic sizes. Every value is a
 * matrix [rows, columns]; rows are the tokens of a step, or the rows whose logits are wanted.
 * Ops are defined one per file in `graph/ops/`; this file has only what they share.
 */

import type { ValueType } from "../base/dtypes.ts";

/** The symbolic row counts of a step: all its tokens, or those whose logits are read. */
export type RowDim = "tokens" | "logitRows";

/** Index into `Graph.values`. */
export type ValueId = number;

export interface ValueInfo {
  /** For people: `layers.3.ffn_norm`. Unique in a graph. */
  readonly name: string;
  readonly type: ValueType;
  readonly rows: RowDim;
  readonly columns: number;
}

/**
 * Order of a projection's output rows inside a head. Files of the GGUF `llama` architecture rotate
 * neighbours (2i, 2i+1); `rope-halves` reorders them so that RoPE pairs i with i + headDim / 2.
 */
export type RowOrder = { readonly kind: "source" } | { readonly kind: "rope-halves"; readonly headDim: number };

/**
 * Order of a matrix's columns: the model's own, or the one that the source stores them in, which a matrix is
 * packed from without decoding. What it multiplies then comes in that order too.
 */
export type ColumnOrder = "own" | "stored";

/** A tensor of the file as the graph uses it: [rows, columns] = [outputs, inputs]; a vector has one row. */
export interface WeightRef {
  readonly kind: "matrix" | "vector";
  readonly tensor: string;
  readonly rows: number;
  readonly columns: number;
  readonly rowOrder: RowOrder;
  readonly columnOrder: ColumnOrder;
}

/** A group of layers whose KV rows have one shape; Llama has one group. */
export interface KvGroup {
  readonly layers: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

/** Sizes of one step, which make symbolic rows concrete. */
export interface StepSizes {
  readonly tokens: number;
  readonly logitRows: number;
  /** Sum over the step's rows of the KV positions that each one attends. */
  readonly attendedPositions: number;
}

/** What an op does to the machine, from its shapes alone. */
export interface Cost {
  /** Multiplications and additions, a multiply-add counted as two. */
  readonly flops: number;
  /** Weight and KV bytes that must come from memory; activations are taken as cached. */
  readonly bytes: number;
}
