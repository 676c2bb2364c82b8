/** The Executor over the native core: packs a program's weights, then runs its steps. */

import { fail } from "../base/errors.ts";
import { maySpin, readUsableCores } from "../base/usable-cores.ts";
import { WEIGHT_FORMAT_CODES } from "../base/weight-formats.ts";
import { encodeProgram } from "../compile/encode.ts";
import type { MatrixSpec, Program, VectorSpec, WeightSpec } from "../compile/program.ts";
import { decodeRows } from "../formats/quant/rows.ts";
import type { Executor, ExecutorLimits } from "../graph/executor.ts";
import { sourceRow } from "../graph/weight-ref.ts";
import type { Addon, ExecutorHandle, WeightStoreHandle } from "./addon-types.ts";
import { chooseIsa } from "./isa.ts";
import { requireAddon } from "./load-addon.ts";
import { nativeCall } from "./native-call.ts";

/** A tensor as the file stores it. */
export interface WeightBytes {
  readonly bytes: Uint8Array;
  /** GGUF's number of the tensor type, or that of a group format. */
  readonly ggmlType: number;
}

export interface NativeExecutorOptions {
  readonly program: Program;
  /** Called once for each weight that a tensor holds, in the order of the program's table. */
  readonly weightBytes: (spec: WeightSpec) => WeightBytes;
  readonly threads: number;
  /** Pages of the KV pool. */
  readonly pages: number;
  /** Overrides TURNWISE_ISA and the best level of this machine. */
  readonly isa?: string;
  /** Another binary than the loader's choice. */
  readonly addon?: Addon;
  /** After each weight, in weight elements. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface NativeExecutor extends Executor {
  readonly isa: string;
  readonly threads: number;
  /** Nanoseconds spent in each instruction of the program since the last call. */
  takeProfile(): Float64Array;
}

const HANDLE = "The native executor";

/**
 * Packs all weights (seconds for a model of gigabytes, on `threads` threads) and starts the threads.
 * Throws `native_missing`, `isa_unsupported`, `invalid_option`, `native_failed`.
 */
export function createNativeExecutor(options: NativeExecutorOptions): NativeExecutor {
  const { program, threads, pages } = options;
  requirePositive("threads", threads);
  requirePositive("pages", pages);
  const addon = options.addon ?? requireAddon();
  const isa = chooseIsa(addon.cpuInfo().isaLevels, options.isa);
  const store = nativeCall("The weight store", "WeightStore", () => new addon.WeightStore({ isa, threads }));
  try {
    packWeights(store, options);
    const spin = maySpin(threads, readUsableCores());
    const weightBytes = store.bytes;
    const handle = nativeCall(
      HANDLE,
      "Executor",
      () => new addon.Executor({ program: encodeProgram(program), weights: store, threads, spin, pages }),
    );
    return new AddonExecutor({ handle, program, pages, isa, weightBytes });
  } finally {
    // The executor shares the packed weights; without one they are freed here.
    store.dispose();
  }
}

function requirePositive(option: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) {
    fail("invalid_option", { option, problem: `must be a positive integer, not ${value}` });
  }
}

function packWeights(store: WeightStoreHandle, { program, weightBytes, onProgress }: NativeExecutorOptions): void {
  const total = program.weights.reduce((sum, spec) => sum + elementsOf(spec), 0);
  let done = 0;
  for (const spec of program.weights) {
    nativeCall("The weight store", `pack ${spec.tensor}`, () => {
      if (spec.kind === "matrix") packMatrix(store, spec, weightBytes(spec));
      else store.addVector(spec.values ?? vectorValues(spec, weightBytes(spec)));
    });
    done += elementsOf(spec);
    onProgress?.(done, total);
  }
}

function elementsOf(spec: WeightSpec): number {
  return spec.kind === "matrix" ? spec.rows * spec.columns : spec.length;
}

function packMatrix(store: WeightStoreHandle, spec: MatrixSpec, { bytes, ggmlType }: WeightBytes): void {
  const format = WEIGHT_FORMAT_CODES.indexOf(spec.format);
  const ropeHeadDim = spec.rowOrder.kind === "rope-halves" ? spec.rowOrder.headDim : 0;
  store.packMatrix(bytes, ggmlType, format, spec.rows, spec.columns, ropeHeadDim);
}

/** A vector as f32, its elements in the order of the rows that it belongs to. */
function vectorValues(spec: VectorSpec, { bytes, ggmlType }: WeightBytes): Float32Array {
  const stored = decodeRows(ggmlType, bytes, spec.length);
  if (spec.rowOrder.kind === "source") return stored;
  return Float32Array.from(stored, (_, index) => stored[sourceRow(spec.rowOrder, index)] ?? 0);
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
