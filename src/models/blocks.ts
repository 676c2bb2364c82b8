/**
 * The blocks that families share, over the canonical weight names. Each takes the residual stream and gives
 * it back with the block's result added.
 */

import type { GraphBuilder } from "../graph/graph-builder.ts";
import type { RowOrder, ValueId, WeightRef } from "../graph/types.ts";
import { matrixRef, vectorRef } from "../graph/weight-ref.ts";
import type { ModelSpec } from "./model-spec.ts";
import { ropeFrequencies } from "./rope-frequencies.ts";

/** Name of the constant; no weight is called so. */
export const ROPE_FREQUENCIES = "rope.frequencies";

/** Cosines and sines for the step's positions, shared by all layers. */
export function ropeTable(graph: GraphBuilder, spec: ModelSpec): ValueId {
  const frequencies = graph.constant(ROPE_FREQUENCIES, ropeFrequencies(spec.rope, spec.headDim));
  return graph.add("rope_table", "rope_table", { inputs: {}, weights: { frequencies }, attributes: {} });
}

export function rmsNorm(graph: GraphBuilder, spec: ModelSpec, name: string, x: ValueId): ValueId {
  const weight = vectorRef(`${name}.weight`, spec.hiddenColumns);
  return graph.add("rms_norm", name, {
    inputs: { x },
    weights: { weight },
    attributes: { epsilon: spec.normEpsilon, groups: 1, outType: "f32" },
  });
}

/** Each head by itself, all by one weight, whose elements are ordered as the head's columns are. */
function headNorm(
  graph: GraphBuilder,
  spec: ModelSpec,
  name: string,
  x: ValueId,
  heads: number,
  rowOrder: RowOrder,
): ValueId {
  return graph.add("rms_norm", name, {
    inputs: { x },
    weights: { weight: vectorRef(`${name}.weight`, spec.headDim, rowOrder) },
    attributes: { epsilon: spec.normEpsilon, groups: heads, outType: "f32" },
  });
}

export interface ProjectionOptions {
  readonly rows: number;
  readonly columns: number;
  readonly bias?: boolean;
  readonly rowOrder?: RowOrder;
}

/** x W^T by the tensors `name`.weight and, if asked, `name`.bias. */
export function projection(graph: GraphBuilder, name: string, x: ValueId, options: ProjectionOptions): ValueId {
  const { rows, columns, bias = false, rowOrder } = options;
  const weight = matrixRef(`${name}.weight`, rows, columns, rowOrder);
  return linear(graph, name, x, weight, bias ? vectorRef(`${name}.bias`, rows, rowOrder) : null);
}

export function linear(
  graph: GraphBuilder,
  name: string,
  x: ValueId,
  weight: WeightRef,
  bias: WeightRef | null,
): ValueId {
  return graph.add("linear", name, { inputs: { x }, weights: { weight, bias }, attributes: {} });
}

/** Grouped-query attention with RoPE. */
export function attentionBlock(
  graph: GraphBuilder,
  spec: ModelSpec,
  layer: number,
  residual: ValueId,
  table: ValueId,
): ValueId {
  const { heads, kvHeads, headDim, hiddenColumns, qkvBias } = spec;
  const block = `blk.${layer}`;
  const rowOrder: RowOrder = spec.ropePairing === "neighbours" ? { kind: "rope-halves", headDim } : { kind: "source" };
  const x = rmsNorm(graph, spec, `${block}.attn_norm`, residual);
  const input = { columns: hiddenColumns, bias: qkvBias };
  const q = projection(graph, `${block}.attn_q`, x, { ...input, rows: heads * headDim, rowOrder });
  const k = projection(graph, `${block}.attn_k`, x, { ...input, rows: kvHeads * headDim, rowOrder });
  const v = projection(graph, `${block}.attn_v`, x, { ...input, rows: kvHeads * headDim });
  const normed = (name: string, projected: ValueId, count: number): ValueId =>
    spec.headNorm ? headNorm(graph, spec, `${block}.${name}`, projected, count, rowOrder) : projected;
  const turnedQ = rope(graph, `${block}.rope_q`, normed("attn_q_norm", q, heads), table, heads);
  const turnedK = rope(graph, `${block}.rope_k`, normed("attn_k_norm", k, kvHeads), table, kvHeads);
  graph.add("kv_store", `${block}.kv_store`, {
    inputs: { k: turnedK, v },
    weights: {},
    attributes: { layer },
  });
  const attended = graph.add("attention", `${block}.attention`, {
    inputs: { q: turnedQ },
    weights: {},
    attributes: { layer, heads, scale: 1 / Math.sqrt(headDim), outType: "f32" },
  });
  const out = projection(graph, `${block}.attn_output`, attended, {
    rows: hiddenColumns,
    columns: heads * headDim,
    bias: spec.attentionOutputBias,
  });
  return add(graph, `${block}.attn_residual`, residual, out);
}

/** SwiGLU feed-forward. */
export function feedForwardBlock(graph: GraphBuilder, spec: ModelSpec, layer: number, residual: ValueId): ValueId {
  const { hiddenColumns, ffnColumns } = spec;
  const block = `blk.${layer}`;
  const x = rmsNorm(graph, spec, `${block}.ffn_norm`, residual);
  const inner = { rows: ffnColumns, columns: hiddenColumns };
  const gate = projection(graph, `${block}.ffn_gate`, x, inner);
  const up = projection(graph, `${block}.ffn_up`, x, inner);
  const gated = graph.add("swiglu", `${block}.swiglu`, { inputs: { gate, up }, weights: {}, attributes: {} });
  const out = projection(graph, `${block}.ffn_down`, gated, { rows: hiddenColumns, columns: ffnColumns });
  return add(graph, `${block}.ffn_residual`, residual, out);
}

function rope(graph: GraphBuilder, name: string, x: ValueId, table: ValueId, heads: number): ValueId {
  return graph.add("rope", name, { inputs: { x, table }, weights: {}, attributes: { heads } });
}

function add(graph: GraphBuilder, name: string, a: ValueId, b: ValueId): ValueId {
  return graph.add("add", name, { inputs: { a, b }, weights: {}, attributes: {} });
}
