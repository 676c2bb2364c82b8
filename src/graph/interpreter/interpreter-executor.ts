/**
 * Runs a graph from the ops' references, with no native build: the oracle for kernels, and what runs a
 * model, slowly, where the native core is absent. It runs a graph before any pass as well as after.
 */

import type { KvType } from "../../base/dtypes.ts";
import { fail } from "../../base/errors.ts";
import { at, invariant } from "../../base/invariant.ts";
import { checkStep } from "../check-step.ts";
import type { Executor, ExecutorLimits, SampleBatch, SampleResult, StepBatch } from "../executor.ts";
import { type Graph, weightsOf } from "../graph.ts";
import { type F32Rows, rowOf } from "../row-matrix.ts";
import { sampleRows } from "../sampler.ts";
import type { WeightProvider } from "../weight-provider.ts";
import { weightKey } from "../weight-ref.ts";
import { createKvPageStore, type KvPageStore } from "./kv-page-store.ts";
import { runGraph } from "./run-graph.ts";

export interface InterpreterOptions {
  readonly graph: Graph;
  readonly weights: WeightProvider;
  readonly limits: ExecutorLimits;
  readonly kvType: KvType;
}

export class InterpreterExecutor implements Executor {
  readonly description = "interpreter";
  readonly limits: ExecutorLimits;
  readonly kvType: KvType;
  readonly vocabSize: number;
  readonly #graph: Graph;
  readonly #weights: WeightProvider;
  readonly #weightBytes: number;
  #pages: KvPageStore | null;
  #logits: F32Rows | null = null;

  constructor({ graph, weights, limits, kvType }: InterpreterOptions) {
    this.limits = limits;
    this.kvType = kvType;
    this.vocabSize = at(graph.values, graph.output).columns;
    this.#graph = graph;
    this.#weights = weights;
    this.#weightBytes = decodedBytes(graph);
    this.#pages = createKvPageStore(graph.kv, kvType, limits.pageTokens, limits.pages);
  }

  /** Weights as decoded, and pages as used so far; values of a step are freed with it. */
  get memory(): Executor["memory"] {
    return { weightBytes: this.#weightBytes, kvBytes: this.#pages?.bytes ?? 0, arenaBytes: 0 };
  }

  step(batch: StepBatch): void {
    const pages = this.#openPages();
    checkStep(batch, this.limits, this.vocabSize);
    this.#logits = runGraph(this.#graph, this.#weights, pages, batch);
  }

  sample(batch: SampleBatch, result: SampleResult): void {
    const logits = this.#lastLogits();
    sampleRows(
      Array.from({ length: logits.rows }, (_, row) => rowOf(logits, row)),
      batch,
      result,
    );
  }

  readLogits(row: number, into: Float32Array): void {
    const logits = this.#lastLogits();
    invariant(row >= 0 && row < logits.rows, `the last step made ${logits.rows} logits rows, not row ${row}`);
    into.set(rowOf(logits, row));
  }

  copyPage(from: number, to: number, tokens: number): void {
    this.#openPages().copy(from, to, tokens);
  }

  dispose(): void {
    this.#pages = null;
    this.#logits = null;
  }

  #openPages(): KvPageStore {
    return this.#pages ?? fail("native_disposed", { handle: "The interpreter" });
  }

  #lastLogits(): F32Rows {
    this.#openPages();
    invariant(this.#logits !== null, "a step was run before its logits are used");
    return this.#logits;
  }
}

function decodedBytes(graph: Graph): number {
  const sizes = new Map(
    graph.nodes.flatMap((node) => weightsOf(node).map(([, ref]) => [weightKey(ref), ref.rows * ref.columns] as const)),
  );
  return Float32Array.BYTES_PER_ELEMENT * [...sizes.values()].reduce((sum, size) => sum + size, 0);
}
