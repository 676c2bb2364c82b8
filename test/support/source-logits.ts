/** Logits of all tokens of one prompt, by the interpreter, from a model source. */

import { InterpreterExecutor } from "../../src/graph/interpreter/interpreter-executor.ts";
import { bindWeights } from "../../src/models/bind-weights.ts";
import { weightProvider } from "../../src/models/decoded-weights.ts";
import { buildGraph } from "../../src/models/families.ts";
import type { ModelSource } from "../../src/models/model-source.ts";
import { stepOf } from "./step-of.ts";

/** The graph as built, with f32 pages. */
export function sourceLogits(source: ModelSource, tokens: readonly number[]): readonly Float32Array[] {
  const graph = buildGraph(source.spec());
  const weights = weightProvider(bindWeights(graph, source));
  const pageTokens = 16;
  const pages = Math.ceil(tokens.length / pageTokens);
  const limits = { maxTokens: tokens.length, maxLogitRows: tokens.length, pages, pageTokens };
  const executor = new InterpreterExecutor({ graph, weights, limits, kvType: "f32" });
  const pageList = Array.from({ length: pages }, (_, page) => page);
  executor.step(stepOf([{ tokens, position: 0, pages: pageList, logits: "all" }]));
  return tokens.map((_, row) => {
    const logits = new Float32Array(executor.vocabSize);
    executor.readLogits(row, logits);
    return logits;
  });
}
