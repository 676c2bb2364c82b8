/** A random model in memory, with the parts that tests of the compiler and the interpreter need. */

import { ggufBytes } from "../../src/formats/gguf/write.ts";
import { memorySource } from "../../src/formats/file-source.ts";
import type { ExecutorLimits } from "../../src/graph/executor.ts";
import type { Graph } from "../../src/graph/graph.ts";
import type { WeightProvider } from "../../src/graph/weight-provider.ts";
import { bindWeights, type BoundWeights } from "../../src/models/bind-weights.ts";
import { weightProvider } from "../../src/models/decoded-weights.ts";
import { buildGraph } from "../../src/models/families.ts";
import type { ModelSpec } from "../../src/models/model-spec.ts";
import { openModel } from "../../src/models/open-model.ts";
import { randomModel, type RandomQuant } from "../../src/models/random/random-model.ts";
import type { RandomShapeName } from "../../src/models/random/random-shapes.ts";

export const LIMITS: ExecutorLimits = { maxTokens: 64, maxLogitRows: 64, pages: 16, pageTokens: 16 };

export interface RandomGraph {
  readonly spec: ModelSpec;
  readonly graph: Graph;
  readonly bound: BoundWeights;
  readonly weights: WeightProvider;
}

export function randomGraph(shape: RandomShapeName, quant: RandomQuant): RandomGraph {
  const bytes = ggufBytes(randomModel(shape, quant, 3));
  const source = openModel("random.gguf", (path) => memorySource(path, bytes));
  const spec = source.spec();
  const graph = buildGraph(spec);
  const bound = bindWeights(graph, source);
  return { spec, graph, bound, weights: weightProvider(bound) };
}
