/** The Executor over the native core: runs the steps of a program over its packed weights. */

import { fail } from "../base/errors.ts";
import type { NumaNode } from "../base/numa-nodes.ts";
import { maySpin, readUsableCores } from "../base/usable-cores.ts";
import { encodeProgram } from "../compile/encode.ts";
import type { Program } from "../compile/program.ts";
import type { Executor, ExecutorLimits } from "../graph/executor.ts";
import type { Addon, ExecutorHandle, NodesOption, WeightStoreHandle } from "./addon-types.ts";
import { chooseIsa } from "./isa.ts";
import { requireAddon } from "./load-addon.ts";
import { nativeCall } from "./native-call.ts";
import { describeRefusedPlacement } from "./refused-placement.ts";
import { type PackOptions, packWeights } from "./weight-store.ts";

export interface NativeExecutorOptions {
  readonly program: Program;
  readonly weightBytes: PackOptions["weightBytes"];
  readonly threads: number;
  /** Where the threads stay and the weights lie; by default where the system puts them. */
  readonly nodes?: readonly NumaNode[];
  /** Pages of the KV pool. */
  readonly pages: number;
  /** Overrides TURNWISE_ISA and the best level of this machine. */
  readonly isa?: string;
  /** Another binary than the loader's choice. */
  readonly addon?: Addon;
}

/** Over weights that were packed or opened for `isa`. */
export interface StoreExecutorOptions extends Pick<NativeExecutorOptions, "program" | "threads" | "nodes" | "pages"> {
  readonly store: WeightStoreHandle;
  readonly isa: string;
  readonly addon: Addon;
}

export interface NativeExecutor extends Executor {
  readonly isa: string;
  readonly threads: number;
  /** What the system refused of its placement on NUMA nodes, for the user; null: nothing. */
  readonly refusedPlacement: string | null;
  /** Nanoseconds spent in each instruction of the program since the last call. */
  takeProfile(): Float64Array;
}

const HANDLE = "The native executor";

/**
 * Packs all weights and starts the threads. Throws `native_missing`, `isa_unsupported`, `invalid_option`,
 * `native_failed`.
 */
export function createNativeExecutor({ program, weightBytes, threads, nodes = [], pages, ...rest }: NativeExecutorOptions): NativeExecutor {
  requirePositive("threads", threads);
  requirePositive("pages", pages);
  const addon = rest.addon ?? requireAddon();
  const isa = chooseIsa(addon.cpuInfo().isaLevels, rest.isa);
  const store = packWeights({ weights: program.weights, weightBytes, isa, threads, addon });
  try {
    return createStoreExecutor({ program, store, threads, nodes, pages, isa, addon });
  } finally {
    // The executor shares the packed weights; without one they are freed here.
    store.dispose();
  }
}

/** Starts the threads over weights that are there. The executor shares them: the store may be disposed of. */
export function createStoreExecutor(options: StoreExecutorOptions): NativeExecutor {
  const { program, store, threads, nodes = [], pages, isa, addon } = options;
  requirePositive("threads", threads);
  requirePositive("pages", pages);
  const spin = maySpin(threads, readUsableCores());
  const handle = nativeCall(
    HANDLE,
    "Executor",
    () => new addon.Executor({ program: encodeProgram(program), weights: store, threads, spin, pages, nodes: nodesOption(nodes) }),
  );
  return new AddonExecutor({ handle, program, pages, isa, weightBytes: store.bytes });
}

function nodesOption(nodes: readonly NumaNode[]): NodesOption {
  const cpuStarts = [0];
  for (const { cpus } of nodes) cpuStarts.push((cpuStarts.at(-1) ?? 0) + cpus.length);
  return {
    ids: Int32Array.from(nodes, ({ node }) => node),
    cpuStarts: Int32Array.from(cpuStarts),
    cpus: Int32Array.from(nodes.flatMap(({ cpus }) => cpus)),
  };
}

function requirePositive(option: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) {
    fail("invalid_option", { option, problem: `must be a positive integer, not ${value}` });
  }
}

interface AddonExecutorParts {
  readonly handle: ExecutorHandle;
  readonly program: Program;
  readonly pages: number;
  readonly isa: string;
  readonly weightBytes: number;
}

class AddonExecutor implements NativeExecutor {
  readonly description: string;
  readonly isa: string;
  readonly threads: number;
  readonly refusedPlacement: string | null;
  readonly limits: ExecutorLimits;
  readonly kvType: Executor["kvType"];
  readonly vocabSize: number;
  readonly memory: Executor["memory"];
  readonly #handle: ExecutorHandle;

  constructor({ handle, program, pages, isa, weightBytes }: AddonExecutorParts) {
    const { maxTokens, maxLogitRows, kv } = program;
    this.#handle = handle;
    this.isa = isa;
    this.threads = handle.threads;
    this.refusedPlacement = describeRefusedPlacement(handle);
    this.description = `native ${isa}`;
    this.limits = { maxTokens, maxLogitRows, pages, pageTokens: kv.pageTokens };
    this.kvType = kv.type;
    this.vocabSize = program.vocabSize;
    this.memory = { weightBytes, kvBytes: handle.kvBytes, arenaBytes: handle.arenaBytes };
  }

  step(batch: Parameters<Executor["step"]>[0]): void {
    nativeCall(HANDLE, "step", () => this.#handle.step(batch));
  }

  sample(batch: Parameters<Executor["sample"]>[0], result: Parameters<Executor["sample"]>[1]): void {
    nativeCall(HANDLE, "sample", () => this.#handle.sample(batch, result));
  }

  readLogits(row: number, into: Float32Array): void {
    nativeCall(HANDLE, "readLogits", () => this.#handle.readLogits(row, into));
  }

  copyPage(from: number, to: number, tokens: number): void {
    nativeCall(HANDLE, "copyPage", () => this.#handle.copyPage(from, to, tokens));
  }

  takeProfile(): Float64Array {
    return nativeCall(HANDLE, "takeProfile", () => this.#handle.takeProfile());
  }

  dispose(): void {
    this.#handle.dispose();
  }
}
