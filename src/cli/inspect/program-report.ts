/**
 * What running a file would take, from its header alone: the compiled program in numbers, what a token
 * costs, the memory. Nothing is packed and no weight is read.
 */

import type { KvType } from "../../base/dtypes.ts";
import { type CompileResult, compileModel } from "../../compile/compile-model.ts";
import { PAGE_TOKENS } from "../../engine/load/load-model.ts";
import { packedBytes, planWeights } from "../../compile/plan-weights.ts";
import { pageBytesOf } from "../../engine/load/memory-budget.ts";
import { graphCost } from "../../graph/graph-cost.ts";
import type { Cost } from "../../graph/types.ts";
import { bindWeights } from "../../models/bind-weights.ts";
import { buildGraph } from "../../models/families.ts";
import { autoKvType } from "../../models/kv-type.ts";
import type { ModelSource } from "../../models/model-source.ts";

export interface ProgramReport {
  readonly contextTokens: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly vocabSize: number;
  readonly instructions: number;
  /** Barriers between threads in a step. */
  readonly stages: number;
  readonly kvType: KvType;
  readonly kvBytesPerToken: number;
  /** One more token of one sequence, its context empty. */
  readonly decode: Cost;
  /** What 1,000 tokens of context add to that. */
  readonly perThousandTokens: Cost;
  readonly memory: {
    readonly weightBytes: number;
    /** One sequence with its context full. */
    readonly kvBytes: number;
    readonly arenaBytes: number;
  };
}

/** How the engine compiles by default; sizes of the arena follow from it. */
const STEP_TOKENS = 512;
const LOGIT_ROWS = 64;

/** Throws what stands in the way of running the model. */
export function compileSource(source: ModelSource): CompileResult {
  const spec = source.spec();
  const graph = buildGraph(spec);
  const bound = bindWeights(graph, source);
  const kvType = autoKvType(spec, bound);
  const options = { maxTokens: STEP_TOKENS, maxLogitRows: LOGIT_ROWS, kvType, pageTokens: PAGE_TOKENS } as const;
  return compileModel(graph, bound, options);
}

export function programReport(source: ModelSource, { program, graph }: CompileResult): ProgramReport {
  const spec = source.spec();
  const { kv } = program;
  const kvBytesPerToken = pageBytesOf(kv, kv.type, kv.pageTokens) / kv.pageTokens;
  const packed = new Map(program.weights.map((weight) => [weight.tensor, packedBytes(weight)]));
  const storage = {
    weightBytes: ({ tensor }: { readonly tensor: string }) => packed.get(tensor) ?? 0,
    kvPositionBytes: kvBytesPerToken / kv.layers,
  };
  const costAt = (context: number): Cost =>
    graphCost(graph, { tokens: 1, logitRows: 1, attendedPositions: context + 1 }, storage);
  const decode = costAt(0);
  const later = costAt(1000);
  return {
    contextTokens: spec.contextTokens,
    layers: spec.layers,
    heads: spec.heads,
    kvHeads: spec.kvHeads,
    headDim: spec.headDim,
    vocabSize: spec.vocabSize,
    instructions: program.instructions.length,
    stages: (program.instructions.at(-1)?.stage ?? -1) + 1,
    kvType: kv.type,
    kvBytesPerToken,
    decode,
    perThousandTokens: { flops: later.flops - decode.flops, bytes: later.bytes - decode.bytes },
    memory: {
      weightBytes: planWeights(program.weights).bytes,
      kvBytes: Math.ceil(spec.contextTokens / kv.pageTokens) * kv.pageTokens * kvBytesPerToken,
      arenaBytes: program.arenaBytes,
    },
  };
}
