/**
 * The decoder that Llama-shaped families share: RMSNorm before each block, grouped-query attention with
 * RoPE, SwiGLU. What tells the families apart is in the spec.
 */

import { createGraphBuilder } from "../graph/graph-builder.ts";
import type { Graph } from "../graph/graph.ts";
import { matrixRef } from "../graph/weight-ref.ts";
import { attentionBlock, feedForwardBlock, linear, rmsNorm, ropeTable } from "./blocks.ts";
import type { ModelSpec } from "./model-spec.ts";

export function buildTransformer(spec: ModelSpec): Graph {
  const { layers, kvHeads, headDim, vocabSize, hiddenColumns } = spec;
  const graph = createGraphBuilder(spec.architecture, { layers, kvHeads, headDim });
  const embedding = matrixRef("token_embd.weight", vocabSize, hiddenColumns);
  const head = spec.tiedHead ? embedding : matrixRef("output.weight", vocabSize, hiddenColumns);

  const table = ropeTable(graph, spec);
  let x = graph.add("embed", "token_embd", { inputs: {}, weights: { weight: embedding }, attributes: {} });
  for (let layer = 0; layer < layers; layer += 1) {
    x = attentionBlock(graph, spec, layer, x, table);
    x = feedForwardBlock(graph, spec, layer, x);
  }
  const rows = graph.add("gather_rows", "logit_rows", { inputs: { x }, weights: {}, attributes: {} });
  const normed = rmsNorm(graph, spec, "output_norm", rows);
  return graph.finish(linear(graph, "output", normed, head, null));
}
