/**
 * The assembly: from a path to an executor that runs the model. Each part below knows only its own
 * layer; this file is where they meet. Runs in the step-loop thread.
 */

import { statSync } from "node:fs";
import { basename, resolve } from "node:path";
import type { KvType } from "../../base/dtypes.ts";
import { fail } from "../../base/errors.ts";
import { formatBytes } from "../../base/bytes.ts";
import { type CompileResult, compileModel } from "../../compile/compile-model.ts";
import { packedBytes, planWeights } from "../../compile/plan-weights.ts";
import { openFileSource } from "../../formats/file-source.ts";
import type { Executor } from "../../graph/executor.ts";
import { graphCost } from "../../graph/graph-cost.ts";
import type { Graph } from "../../graph/graph.ts";
import { type StepCosts, stepCosts } from "../../graph/step-costs.ts";
import { InterpreterExecutor } from "../../graph/interpreter/interpreter-executor.ts";
import { type BoundWeights, bindWeights } from "../../models/bind-weights.ts";
import { weightProvider } from "../../models/decoded-weights.ts";
import { buildGraph } from "../../models/families.ts";
import { autoKvType } from "../../models/kv-type.ts";
import type { ModelSource } from "../../models/model-source.ts";
import type { ModelSpec } from "../../models/model-spec.ts";
import { openModel } from "../../models/open-model.ts";
import { quantizedSource } from "../../models/quantized-source.ts";
import type { PackWriting } from "../../native/addon-types.ts";
import { createStoreExecutor } from "../../native/executor.ts";
import { chooseIsa } from "../../native/isa.ts";
import { loadAddon, requireAddon } from "../../native/load-addon.ts";
import { describeStaleCore } from "../../native/stale-core.ts";
import { openMappedSource } from "../../native/mapped-source.ts";
import { detectToolFormat } from "../../text/tools/tool-formats.ts";
import { resolveSpecialIds } from "../../text/tokenizer/special-ids.ts";
import type { VocabularyBytes } from "../../text/tokenizer/types.ts";
import { buildVocabularyBytes } from "../../text/tokenizer/vocabulary-bytes.ts";
import { availableMemoryBytes } from "./available-memory.ts";
import { type EngineSettings, resolveSettings } from "../engine-settings.ts";
import { type LoadedWeights, loadWeights } from "./load-weights.ts";
import type { PreparedPlace } from "./prepared-vocabulary.ts";
import { describeFiles } from "../../packs/model-files.ts";
import { pageBytesOf, type PoolSize, sizePool } from "./memory-budget.ts";
import type { StepLoopOptions } from "../step/step-loop.ts";
import type { SharedVocabulary } from "../threads/shared-vocabulary.ts";
import type { AdmissionLimits, PlainEngineOptions } from "../threads/step-messages.ts";
import type { EngineCapacity, LoadProgress, ModelInfo } from "../types.ts";

/** A multiple of 16, which kernels ask for; small, so that little of a partial page is wasted. */
export const PAGE_TOKENS = 32;

/** Logits of a step take at most about this much, where a row for each sequence does not need more. */
const LOGITS_BYTES = 32 * 1024 * 1024;

export interface LoadedModel {
  readonly info: ModelInfo;
  readonly capacity: EngineCapacity;
  readonly executor: Executor;
  /** What the executor runs. */
  readonly compiled: CompileResult;
  readonly vocabulary: VocabularyBytes;
  /** Where what masks need of the vocabulary is kept; null for nowhere. */
  readonly preparedPlace: PreparedPlace | null;
  /** What the main thread keeps to. */
  readonly admission: AdmissionLimits;
  readonly limits: StepLoopOptions["limits"];
  readonly costs: StepCosts;
  /** Of the model and all that its K and V depend on. */
  readonly fingerprint: string;
  /** How far the packed weights are written for the next start; null where they are not. */
  packWriting(): PackWriting | null;
  dispose(): void;
}

export interface LoadCallbacks {
  /** The vocabulary, where another thread has decoded it; asked for when the weights are there. By default none has. */
  readonly sharedVocabulary?: () => SharedVocabulary | null;
  readonly onProgress: (progress: LoadProgress) => void;
  readonly onWarning: (message: string) => void;
}

/** What the engine's users do not choose: for those who drive the executor themselves. */
export interface LoadDemand {
  /** Pages that the KV pool should have, as far as memory goes; by default it is sized for serving. */
  readonly poolPages?: number;
}

/** Reads, compiles and packs the model. Throws what `Engine.load` documents; then nothing stays open. */
export function loadModel(
  options: PlainEngineOptions,
  callbacks: LoadCallbacks,
  { poolPages }: LoadDemand = {},
): LoadedModel {
  const startMs = performance.now();
  const settings = resolveSettings(options);
  const native = chooseBackend(settings.backend) === "native";
  const source = openSource(settings, native);
  try {
    callbacks.onProgress({ phase: "header", fraction: 1 });
    const spec = source.spec();
    const graph = buildGraph(spec);
    const weights = bindWeights(graph, source);
    const plan = planExecution(settings, spec, graph, weights, native, poolPages ?? null);
    const { executor, loaded } = native
      ? loadNative(plan, weights, source, settings, callbacks)
      : { executor: interpreterExecutor(plan, weights, settings), loaded: null };
    const vocabulary = callbacks.sharedVocabulary?.() ?? readVocabulary(source);
    const chatTemplate = options.chatTemplate ?? source.chatTemplate;
    const info = modelInfo(source, spec, vocabulary, chatTemplate);
    warn(settings, spec, plan, native, callbacks);
    return {
      info,
      limits: {
        maxSequences: plan.maxSequences,
        maxStallMs: settings.maxStallMs,
        minPrefillShare: settings.minPrefillShare,
        parkTimeoutMs: settings.parkTimeoutMs,
      },
      costs: costsOf(plan),
      fingerprint: JSON.stringify([info.id, info.fileBytes, info.createdAt, plan.kvType, settings.quant]),
      capacity: capacityOf(plan, executor, loaded, settings, performance.now() - startMs),
      executor,
      compiled: plan.compiled,
      vocabulary: vocabulary.bytes,
      preparedPlace: placeOf(settings, source, info.id),
      admission: {
        maxWaiting: settings.maxWaiting,
        maxWaitingTokens: settings.maxWaitingTokens,
        maxUnreadTokens: settings.maxUnreadTokens,
      },
      packWriting: () => loaded?.store.writing() ?? null,
      dispose() {
        executor.dispose();
        loaded?.store.dispose();
        source.dispose();
      },
    };
  } catch (error) {
    source.dispose();
    throw error;
  }
}

function placeOf({ weightCache, quant }: EngineSettings, source: ModelSource, name: string): PreparedPlace | null {
  const files = source.weightFiles;
  const facts = describeFiles(files);
  if (weightCache === null || facts === null) return null;
  return { settings: weightCache, model: { name, files, ...facts, quant } };
}

export function openSource({ model, quant }: Pick<EngineSettings, "model" | "quant">, native: boolean): ModelSource {
  const source = openModel(model, native ? openMappedSource : openFileSource);
  return quant === "none" ? source : quantizedSource(source, quant);
}

function chooseBackend(asked: EngineSettings["backend"]): "native" | "interpreter" {
  if (asked === "native") requireAddon();
  return asked === "interpreter" || loadAddon().addon === null ? "interpreter" : "native";
}

/** What runs, and how large. */
interface ExecutionPlan {
  readonly compiled: CompileResult;
  readonly kvType: KvType;
  readonly maxSequences: number;
  readonly maxLogitRows: number;
  readonly pageBytes: number;
  readonly pool: PoolSize;
}

function planExecution(
  settings: EngineSettings,
  spec: ModelSpec,
  graph: Graph,
  weights: BoundWeights,
  native: boolean,
  poolPages: number | null,
): ExecutionPlan {
  const contextTokens = settings.contextTokens ?? spec.contextTokens;
  if (contextTokens > spec.contextTokens) {
    fail("invalid_option", {
      option: "contextTokens",
      problem: `is ${contextTokens}, above the model's limit of ${spec.contextTokens}`,
    });
  }
  const kvType = settings.kvType === "auto" ? autoKvType(spec, weights) : settings.kvType;
  const maxSequences = Math.min(settings.maxSequences, settings.maxStepTokens);
  const affordableRows = Math.floor(LOGITS_BYTES / (spec.vocabSize * 4));
  const maxLogitRows = Math.max(maxSequences, Math.min(settings.maxStepTokens, affordableRows));
  const compiled = compileModel(graph, weights, {
    maxTokens: settings.maxStepTokens,
    maxLogitRows,
    kvType,
    pageTokens: PAGE_TOKENS,
  });
  const { program } = compiled;
  const pageBytes = pageBytesOf(program.kv, kvType, PAGE_TOKENS);
  const pool = sizePool({
    availableBytes: availableMemoryBytes(),
    weightBytes: native ? planWeights(program.weights).bytes : decodedWeightBytes(weights),
    arenaBytes: program.arenaBytes,
    pageBytes,
    pageTokens: PAGE_TOKENS,
    contextTokens,
    contextIsRequested: settings.contextTokens !== null,
    kvMemoryBytes: settings.kvMemoryBytes,
    poolPages,
  });
  return { compiled, kvType, maxSequences, maxLogitRows, pageBytes, pool };
}

function decodedWeightBytes(weights: BoundWeights): number {
  return [...weights.values()].reduce((sum, { elements }) => sum + elements * 4, 0);
}

function costsOf({ compiled: { graph, program }, pageBytes }: ExecutionPlan): StepCosts {
  const packed = new Map(program.weights.map((weight) => [weight.tensor, packedBytes(weight)]));
  const storage = {
    weightBytes: ({ tensor }: { readonly tensor: string }) => packed.get(tensor) ?? 0,
    kvPositionBytes: pageBytes / PAGE_TOKENS / program.kv.layers,
  };
  return stepCosts((sizes) => graphCost(graph, sizes, storage));
}

function interpreterExecutor(
  { compiled, kvType, maxLogitRows, pool }: ExecutionPlan,
  weights: BoundWeights,
  { maxStepTokens }: EngineSettings,
): Executor {
  const limits = { maxTokens: maxStepTokens, maxLogitRows, pages: pool.pages, pageTokens: PAGE_TOKENS };
  return new InterpreterExecutor({ graph: compiled.graph, weights: weightProvider(weights), limits, kvType });
}

function readVocabulary(source: ModelSource): SharedVocabulary {
  const data = source.vocabulary();
  return { bytes: buildVocabularyBytes(data), bosId: resolveSpecialIds(data).bosId };
}

/** Loads the weights and starts the executor's threads. */
function loadNative(
  { compiled: { program }, pool: { pages } }: ExecutionPlan,
  weights: BoundWeights,
  source: ModelSource,
  { threads, nodes, quant, weightCache }: EngineSettings,
  { onProgress, onWarning }: LoadCallbacks,
): { readonly executor: Executor; readonly loaded: LoadedWeights } {
  const addon = requireAddon();
  const isa = chooseIsa(addon.cpuInfo().isaLevels, undefined);
  const modelName = modelIdOf(source.path);
  const report = (done: number, total: number): void => onProgress({ phase: "weights", fraction: done / total });
  const demand = { program, weights, source, modelName, quant, addon, isa, threads, onProgress: report };
  const loaded = loadWeights(demand, weightCache, onWarning);
  try {
    const { store } = loaded;
    const executor = createStoreExecutor({ program, store, threads, nodes, pages, isa, addon });
    if (executor.refusedPlacement !== null) onWarning(executor.refusedPlacement);
    return { executor, loaded };
  } catch (error) {
    loaded.store.dispose();
    throw error;
  }
}

function warn(
  settings: EngineSettings,
  spec: ModelSpec,
  { pool, pageBytes }: ExecutionPlan,
  native: boolean,
  { onWarning }: LoadCallbacks,
): void {
  if (!native && settings.backend === "auto") {
    const reasons = loadAddon().tried.map(({ candidate, reason }) => `${candidate}: ${reason}`);
    onWarning(
      `The native core does not load, so the TypeScript interpreter runs this model, very slowly. ${reasons.join("; ")}`,
    );
  }
  const stale = native ? describeStaleCore(loadAddon()) : null;
  if (stale !== null) onWarning(stale);
  if (settings.contextTokens === null && pool.contextTokens < spec.contextTokens) {
    onWarning(
      `The context is ${pool.contextTokens} tokens, not the model's ${spec.contextTokens}: the page pool has ${formatBytes(pool.pages * pageBytes)}.`,
    );
  }
}

function modelInfo(
  source: ModelSource,
  spec: ModelSpec,
  { bytes, bosId }: SharedVocabulary,
  chatTemplate: string | null,
): ModelInfo {
  const { path } = source;
  const id = modelIdOf(path);
  return {
    id,
    name: source.name ?? id,
    path,
    architecture: spec.architecture,
    parameters: source.parameters,
    fileBytes: source.fileBytes,
    contextTokens: spec.contextTokens,
    vocabSize: spec.vocabSize,
    bosToken: bosId,
    endTokens: bytes.endOfGenerationIds,
    hasChatTemplate: chatTemplate !== null,
    toolFormat: detectToolFormat(chatTemplate),
    thinks: chatTemplate?.includes("</think>") ?? false,
    randomWeights: source.randomWeights,
    createdAt: Math.floor(statSync(path).mtimeMs / 1000),
  };
}

/** What a model is called after its file or folder, which may be given as ".". */
export const modelIdOf = (path: string): string => basename(resolve(path)).replace(/\.gguf$/i, "");

function capacityOf(
  { kvType, maxSequences, pageBytes, pool }: ExecutionPlan,
  executor: Executor,
  loaded: LoadedWeights | null,
  { threads }: EngineSettings,
  loadMs: number,
): EngineCapacity {
  const { weightBytes, arenaBytes } = executor.memory;
  return {
    backend: executor.description,
    threads: executor instanceof InterpreterExecutor ? 1 : threads,
    kvType,
    contextTokens: pool.contextTokens,
    maxSequences,
    pages: pool.pages,
    pageTokens: PAGE_TOKENS,
    weightBytes,
    weightOrigin: loaded?.origin ?? null,
    kvBytes: pool.pages * pageBytes,
    arenaBytes,
    loadMs,
  };
}
