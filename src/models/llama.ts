/**
 * The llama family as GGUF has it (`general.architecture` = "llama"): Llama 2, 3, 3.1, 3.2 and 3.3,
 * Mistral with full attention, TinyLlama, SmolLM2. What a file asks for beyond that is refused by name.
 */

import { createGraphBuilder } from "../graph/graph-builder.ts";
import type { Graph } from "../graph/graph.ts";
import { matrixRef } from "../graph/weight-ref.ts";
import { attentionBlock, feedForwardBlock, linear, rmsNorm, ropeTable } from "./blocks.ts";
import { specFromMetadata, type SpecSource } from "./gguf-spec.ts";
import type { ModelSpec } from "./model-spec.ts";

export function buildLlama(spec: ModelSpec): Graph {
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

export function llamaSpec(source: SpecSource): ModelSpec {
  return specFromMetadata(source, "llama");
}
