/**
 * What an op is: the shape of its nodes and the one record that says everything about it. Verifier,
 * interpreter, cost model, printer and compiler read the record; none of them switches on op names.
 */

import type { KvType, ValueType } from "../base/dtypes.ts";
import type { StepBatch } from "./executor.ts";
import type { F32Rows, RowMatrix } from "./row-matrix.ts";
import type { Cost, KvGroup, RowDim, StepSizes, ValueId, ValueInfo, WeightRef } from "./types.ts";

/** Weights of a node by their role; null where an optional one is absent. */
export type NodeWeights = Readonly<Record<string, WeightRef | null>>;

export type NodeAttributes = Readonly<Record<string, number | string>>;

/**
 * One use of an op. `Inputs` are the names of the values it reads. Names of inputs, weights and
 * attributes are those of the fields of its kernel's instruction.
 */
export interface OpNode<
  Op extends string = string,
  Inputs extends string = string,
  Weights extends NodeWeights = NodeWeights,
  Attributes extends NodeAttributes = NodeAttributes,
  Out extends ValueId | null = ValueId | null,
> {
  readonly op: Op;
  /** Unique in a graph, and the name of its value. */
  readonly name: string;
  readonly inputs: { readonly [Name in Inputs]: ValueId };
  readonly weights: Weights;
  readonly attributes: Attributes;
  /** Null where the op only writes to pages. */
  readonly out: Out;
}

/** For ops without weights, or without attributes. */
export type None = Readonly<Record<string, never>>;

/** A value's type and shape, before it has a name. */
export interface ValueShape {
  readonly type: ValueType;
  readonly rows: RowDim;
  readonly columns: number;
}

export interface InferContext {
  readonly kv: KvGroup;
  /** A value that an earlier node made; anything else is reported as a problem of this node. */
  value(id: ValueId): ValueInfo;
  /** Throws `graph_invalid` with the node's name unless `condition` holds. */
  require(condition: boolean, problem: string): void;
}

export interface CostContext {
  readonly sizes: StepSizes;
  readonly kv: KvGroup;
  readonly columns: (id: ValueId) => number;
  /** Rows of a value in this step. */
  readonly rows: (id: ValueId) => number;
  /** Bytes of a whole weight as stored. */
  readonly weightBytes: (ref: WeightRef) => number;
  /** Bytes of K and V of one position in one layer. */
  readonly kvPositionBytes: number;
}

/** K and V as pages store them: what is read has been rounded to the KV type. */
export interface KvPages {
  readonly kvType: KvType;
  readonly pageTokens: number;
  /** Stores row `row` of k and v, all heads, at slot `slot` of page `page`. */
  store(layer: number, page: number, slot: number, k: F32Rows, v: F32Rows, row: number): void;
  /** [pageTokens, kvHeads * headDim] of one layer and page. */
  keys(layer: number, page: number): Float32Array;
  values(layer: number, page: number): Float32Array;
}

/** What a reference computes with. Weights are decoded, their row order applied. */
export interface ReferenceContext {
  readonly step: StepBatch;
  readonly kv: KvGroup;
  readonly pages: KvPages;
  rows(id: ValueId): RowMatrix;
  f32(id: ValueId): F32Rows;
  weight(ref: WeightRef): Float32Array;
}

/**
 * How far a kernel may be from the reference, in units of the row's largest magnitude: a result r of a
 * row whose largest |reference| is m is right when |r - reference| <= relative * m + absolute. Of a
 * `q8a` result the dequantised values are compared, and one step of its scale is allowed on top.
 * Of int8 pages and q8a operands the reference sees the same numbers as the kernel.
 */
export interface Tolerance {
  readonly relative: number;
  readonly absolute: number;
}

/** How an op uses the KV pages of `attributes.layer`. */
export type PageAccess = "none" | "writes" | "reads";

/** An op. Methods, so that records of all ops fit one table. */
export interface OpRecord<Node extends OpNode = OpNode> {
  /** Checks the node's operands and gives its value's shape; null where it makes none. */
  infer(node: Node, context: InferContext): ValueShape | null;
  cost(node: Node, context: CostContext): Cost;
  /** Computes in f64 on stored values and rounds the result once. */
  reference(node: Node, context: ReferenceContext): RowMatrix | null;
  /**
   * The instructions that compute it, in order. All but the last write an f32 value of the result's
   * shape, which the next one reads as `x`; it is the result's own buffer where the result is f32.
   */
  readonly kernels: readonly [string, ...string[]];
  readonly tolerance: Tolerance;
  /** In its place over int8 pages, for kernels that quantise what meets them too. */
  readonly int8PagesTolerance?: Tolerance;
  /** Row r of the result depends on row r of the inputs alone. */
  readonly rowwise: boolean;
  readonly pages: PageAccess;
  /** The input whose buffer the result may take over when nothing else reads it later. */
  readonly overwrites?: string;
}
